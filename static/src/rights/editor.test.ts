import { beforeEach, describe, expect, it } from 'vitest'
import { problemOf } from '../api/problem'
import * as rights from '../api/read-rights'
import type { CircleRules, NewRules, Preview } from '../api/rights-types'
import { RuleEditor } from './editor.svelte'
import { faultsOf, offsetOf, readFault } from './fault'
import { templates } from './templates'

const inForce = { version: 2, rules: { comment: 'user.credit > 750' }, history: [{ version: 2, rules: { comment: 'user.credit > 750' } }, { version: 1, rules: {} }], templates: [] }
const template = (id: string) => templates.find((t) => t.id === id) as (typeof templates)[number]

let sent: { body: NewRules; key: string }[]
let looked: NewRules[]
let answers: { resolve: (p: Preview) => void; reject: (cause: unknown) => void }[]
let outcomes: (CircleRules | Error)[]
let editor: RuleEditor

beforeEach(async () => {
  sent = []
  looked = []
  answers = []
  outcomes = []
  editor = new RuleEditor({
    rules: async () => rights.circleRules(inForce),
    setRules: async (_, body, key) => {
      sent.push({ body, key })
      const outcome = outcomes.shift() ?? rights.circleRules({ ...inForce, version: 3, ...('rules' in body ? { rules: body.rules } : {}) })
      if (outcome instanceof Error) throw outcome
      return outcome
    },
    previewRules: (_, body) => {
      looked.push(body)
      return new Promise((resolve, reject) => { answers.push({ resolve, reject }) })
    },
  }, 'c1')
  await editor.load()
})

function write(comment: string): void {
  editor.texts.comment = comment
  editor.edited()
}

async function look(outcome: Preview | Error = rights.preview({})): Promise<void> {
  const done = editor.look()
  const answer = answers.at(-1)
  if (outcome instanceof Error) answer?.reject(outcome)
  else answer?.resolve(outcome)
  await done
}

describe('rules being written', () => {
  it('are those in force until something is changed', () => {
    expect(editor.texts.comment).toBe('user.credit > 750')
    expect([editor.changed, editor.previewable, editor.savable]).toEqual([false, false, false])
    write(' user.credit > 750 ')
    expect(editor.changed).toBe(false)
  })

  it('are saved only as they were looked at', async () => {
    write('user.credit > 700')
    expect([editor.previewable, editor.savable]).toEqual([true, false])
    expect(await editor.save()).toBe(false)
    await look()
    expect(editor.savable).toBe(true)
    write('user.credit > 600')
    expect([editor.savable, editor.preview]).toEqual([false, null])
    await look()
    expect(await editor.save()).toBe(true)
    expect(sent.map((s) => s.body)).toEqual([{ rules: { comment: 'user.credit > 600' } }])
    expect([editor.current?.version, editor.changed]).toEqual([3, false])
  })

  it('drop the preview of a text that was changed meanwhile', async () => {
    write('user.credit > 700')
    const done = editor.look()
    expect(editor.stage).toBe('previewing')
    write('user.credit > 600')
    answers[0]?.resolve(rights.preview({}))
    await done
    expect([editor.preview, editor.savable, editor.stage]).toEqual([null, false, 'writing'])
  })

  it('show what is wrong at its place', async () => {
    write('user.credit >> 700')
    await look(problemOf(422, { code: 'rule_malformed', errors: [{ location: 'body.rules.comment', code: 'rule_malformed', message: 'line 1, column 14: Syntax error\nuser.credit >> 700\n             ^' }] }))
    expect(editor.stage).toBe('writing')
    expect(faultsOf(editor.problem, 'comment')).toMatchObject([{ line: 1, column: 14, message: 'Syntax error', snippet: 'user.credit >> 700\n             ^' }])
    expect(faultsOf(editor.problem, 'post')).toEqual([])
    write('user.credit > 700')
    expect(editor.problem).toBeNull()
  })

  it('wait for what a template asks, and for a reason where gender is used', async () => {
    editor.choose(template('school'))
    expect([editor.missing?.id, editor.previewable]).toEqual(['school', false])
    editor.written['school'] = '清华大学'
    editor.fillIn()
    expect(editor.texts.post).toBe('user.student_of == "清华大学"')
    expect(editor.previewable).toBe(true)
    editor.choose(template('womens'))
    expect([editor.reasonMissing, editor.previewable]).toEqual([true, false])
    editor.reason = 'A place for those who were shouted down elsewhere.'
    editor.edited()
    await look()
    expect(looked.at(-1)).toMatchObject({ rules_reason: editor.reason })
    editor.choose(template('open')) // the reason goes with what it is for
    expect(editor.body).toEqual({ rules: {} })
  })

  it('go back to an earlier version, with one key until it is answered', async () => {
    outcomes = [problemOf(503, {})]
    expect(await editor.revert(1)).toBe(false)
    expect(await editor.revert(1)).toBe(true)
    expect(sent.map((s) => s.body)).toEqual([{ revert_to: 1 }, { revert_to: 1 }])
    expect(sent[0]?.key).toBe(sent[1]?.key)
  })
})

describe('a fault', () => {
  it('puts the caret where it is', () => {
    const text = 'user.student\n&& 用户.x'
    expect(offsetOf(text, readFault('', 'line 2, column 4: m'))).toBe(text.indexOf('用'))
    expect(offsetOf(text, readFault('', 'Too long.'))).toBe(text.length)
    expect(readFault('c', 'Too long.')).toEqual({ code: 'c', line: null, column: null, message: 'Too long.', snippet: '' })
  })
})

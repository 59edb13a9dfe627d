import { describe, expect, it } from 'vitest'
import templatesGo from '../../../feed/policy/templates.go?raw'
import * as rights from '../api/read-rights'
import { en } from '../i18n/en'
import { zh } from '../i18n/zh'
import { readExpression } from './expression'
import { fill, templates } from './templates'
import { clauseWords, ruleLines, ruleWords, usesGender, waysOf } from './words'

describe('a rule', () => {
  it.each([
    ['user.student', 'a verified student', '已认证的学生'],
    ['!user.student', 'not a student', '非学生'],
    ['user.credit > 750', 'a score above 750', '信用分高于 750'],
    ['750 < user.credit', 'a score above 750', '信用分高于 750'],
    ['!(user.credit <= 750)', 'a score above 750', '信用分高于 750'],
    ['user.credit > 750 || can.post', 'a score above 750, or whoever may post', '信用分高于 750，或可以发帖的人'],
    ['user.age >= 18 && (user.city == "上海" || user.employee)', '18 years or older and (somebody in 上海, or a verified employee)', '年满 18 岁，且「在上海的人，或已认证的在职者」之一'],
    ['user.student_of in ["清华大学", "北京大学"]', 'a student of 清华大学 or 北京大学', '清华大学或北京大学的学生'],
    ['user.gender == "female"', 'verified as female', '经认证的女性'],
    ['user.role in ["owner", "moderator"]', 'owner or moderator of the circle', '本圈的圈主或管理员'],
    ['user.student == false', 'not a student', '非学生'],
    ['"tea" in circle.tags', 'a circle tagged #tea', '圈子带 #tea 标签'],
    ["user.city != 'Xi\\'an'", "somebody outside Xi'an", "不在Xi'an的人"],
    ['!(user.student && user.employee)', 'not a student, or not an employee', '非学生，或非在职者'],
  ])('%s is said in both languages', (text, english, chinese) => {
    expect(ruleWords(text, en)).toBe(english)
    expect(ruleWords(text, zh)).toBe(chinese)
  })

  it.each(['user.credit + 1 > 750', 'user.city.startsWith("S")', 'user.city == circle.place', 'user.credit >', '', '(', 'true', 'user.unheard_of > 3', '@'])('%s is shown as it is written', (text) => {
    expect(ruleWords(text, en)).toBeNull()
    expect(ruleLines({ post: text || 'x +' }, en)).toEqual([{ action: 'post', words: text || 'x +', raw: true }])
  })

  it('keeps what stands closer together: && before ||', () => {
    expect(readExpression('user.student && user.follows || user.employee')).toMatchObject({ is: 'any', parts: [{ is: 'all' }, { attribute: 'user.employee' }] })
  })

  it('by gender is known as one, also where it cannot be said', () => {
    expect(usesGender({ post: 'user.gender == "male"' })).toBe(true)
    expect(usesGender({ post: 'user.gender.size() > 3' })).toBe(true)
    expect(usesGender({ post: 'user.city == "user.gender"' })).toBe(false)
    expect(usesGender({})).toBe(false)
  })
})

const clause = (more: object) => rights.clauses([{ clause: 'SERVER', have: 'SERVER', need: 'SERVER', how: 'SERVER', ...more }])[0] as ReturnType<typeof rights.clauses>[number]

describe('a condition that is not met', () => {
  it('says what is needed, what there is, how far it is and where to go', () => {
    const c = clause({ attribute: 'user.credit', test: 'more_than', value: '742', values: ['750'], target: '751', missing: 9 })
    expect(clauseWords(c, en)).toEqual({ need: 'a score above 750', have: 'Yours is 742.', how: '9 points to go.', go: 'credit', score: { have: 742, need: 751 } })
    expect(clauseWords(c, zh)).toMatchObject({ need: '信用分高于 750', have: '你现在是 742 分。', how: '还差 9 分。' })
  })

  it.each([
    [{ attribute: 'user.credit', test: 'more_than', values: ['750'], target: '751' }, 'no score', 'credit'],
    [{ attribute: 'user.student_of', test: 'equal', values: ['清华大学'], target: '清华大学' }, 'no verified school', 'verify'],
    [{ attribute: 'user.student', test: 'true', value: 'false', target: 'true' }, 'not verified', 'verify'],
    [{ attribute: 'user.age', test: 'at_least', value: '16', values: ['18'], target: '18', missing: 2 }, 'You are 16', null],
    [{ attribute: 'user.age', test: 'at_least', values: ['18'], target: '18' }, 'age is not verified', 'verify'],
    [{ attribute: 'user.gender', test: 'equal', value: 'male', values: ['female'] }, 'verified as male', null],
    [{ attribute: 'user.role', test: 'one_of', values: ['owner'], target: 'owner' }, 'no role', null],
    [{ attribute: 'user.follows', test: 'true', value: 'false', target: 'true' }, 'do not follow', null],
    [{ attribute: 'user.signed_in', test: 'true', value: 'false', target: 'true' }, 'guest', 'sign-in'],
    [{ attribute: 'user.level', test: 'at_least', value: '1', values: ['2'], target: '2', missing: 1 }, 'level 1', 'verify'],
  ] as const)('%j is said without the server’s English', (more, have, go) => {
    const words = clauseWords(clause(more), en)
    expect(words.have).toContain(have)
    expect(words.go).toBe(go)
    expect(Object.values(words).join()).not.toMatch(/SERVER|undefined/)
    expect(Object.values(clauseWords(clause(more), zh)).join()).not.toMatch(/SERVER|undefined/)
  })

  it('that is newer than this page is said as the server says it', () => {
    expect(clauseWords(clause({ attribute: 'user.shoe_size', test: 'at_least', values: ['44'] }), zh)).toMatchObject({ need: 'SERVER', have: 'SERVER', how: 'SERVER', go: null })
  })

  it('stands with those that are met together', () => {
    const rule = rights.clauses([{ way: 1, attribute: 'a' }, { way: 1, attribute: 'b' }, { way: 2, attribute: 'c' }])
    expect(waysOf(rule).map((way) => way.map((c) => c.attribute))).toEqual([['a', 'b'], ['c']])
    expect(waysOf(rights.clauses([{ attribute: 'a' }, { attribute: 'b' }]))).toHaveLength(1)
  })
})

describe('templates', () => {
  it('are those of the server', () => {
    const ids = [...templatesGo.matchAll(/ID: "([a-z_]+)"(?=, Title: Title\{"[^"]+", "[^"]+"\}, Rules|,?\s+Rules|[^\n]*NeedsReason|[^\n]*\n\s+Rules)/g)].map((m) => m[1])
    expect(templates.map((t) => t.id)).toEqual(ids)
    for (const t of templates) {
      expect(templatesGo).toContain(`Title{"${t.title.en}", "${t.title.zh}"}`)
      for (const text of Object.values(t.rules)) if (!text.includes('||')) expect(templatesGo).toContain(text)
    }
  })

  it('take their parameters as text, whatever is in it', () => {
    const school = templates.find((t) => t.id === 'school')
    expect(school && fill(school, {})).toBeNull()
    expect(school && fill(school, { school: ' a" || true || "$& ' })?.post).toBe('user.student_of == "a\\" || true || \\"$&"')
    for (const t of templates) for (const line of ruleLines(fill(t, { school: 'S', city: 'C' }) ?? {}, zh)) expect(line.raw).toBe(false)
  })
})

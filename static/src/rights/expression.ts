// Reads a rule, as far as it can be said in plain words: conditions joined by
// && and ||, as people and templates write them. Pure. What else CEL can say is
// null here and shown as it is written.

export type Test =
  | 'true' | 'false' | 'equal' | 'not_equal' | 'less_than' | 'at_least' | 'more_than' | 'at_most' | 'one_of' | 'none_of' | 'contains' | 'lacks'

/** One comparison, with the tests' names of the server. */
export interface Condition {
  is: 'condition'
  attribute: string
  test: Test
  values: readonly string[]
}

export type Expression = Condition | { is: 'all' | 'any'; parts: readonly Expression[] }

const opposite: Readonly<Record<Test, Test>> = {
  true: 'false', false: 'true', equal: 'not_equal', not_equal: 'equal', less_than: 'at_least', at_least: 'less_than', more_than: 'at_most', at_most: 'more_than',
  one_of: 'none_of', none_of: 'one_of', contains: 'lacks', lacks: 'contains',
}
const comparisons: Readonly<Record<string, Test>> = { '==': 'equal', '!=': 'not_equal', '<': 'less_than', '>=': 'at_least', '>': 'more_than', '<=': 'at_most' }
const turned: Readonly<Record<string, string>> = { '<': '>', '>': '<', '<=': '>=', '>=': '<=', '==': '==', '!=': '!=' }

const token = /\s*(?:(\|\||&&|==|!=|<=|>=|[<>!()[\],])|("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')|(-?\d+)|([a-z_][\w]*(?:\.[a-z_]\w*)*))/giy

type Token = { is: 'sign' | 'name' | 'value'; text: string }

function tokens(s: string): Token[] | null {
  const found: Token[] = []
  token.lastIndex = 0
  while (s.slice(token.lastIndex).trim() !== '') {
    const m = token.exec(s)
    if (m === null) return null
    const [, sign, quoted, digits, name] = m
    if (sign !== undefined) found.push({ is: 'sign', text: sign })
    else if (quoted !== undefined) found.push({ is: 'value', text: unquoted(quoted) })
    else if (digits !== undefined) found.push({ is: 'value', text: digits })
    else found.push(name === 'in' ? { is: 'sign', text: 'in' } : { is: 'name', text: name ?? '' })
  }
  return found
}

function unquoted(s: string): string {
  try {
    return s.startsWith('"') ? (JSON.parse(s) as string) : s.slice(1, -1).replace(/\\(.)/g, '$1')
  } catch {
    return s.slice(1, -1)
  }
}

class Unreadable extends Error {}

class Reader {
  #at = 0
  constructor(private readonly all: readonly Token[]) {}

  whole(): Expression {
    const e = this.any()
    if (this.#at < this.all.length) throw new Unreadable()
    return e
  }

  private any(): Expression {
    return this.joined('||', 'any', () => this.joined('&&', 'all', () => this.one()))
  }

  private joined(sign: string, is: 'all' | 'any', next: () => Expression): Expression {
    const parts = [next()]
    while (this.take(sign)) parts.push(next())
    if (parts.length === 1 && parts[0] !== undefined) return parts[0]
    return { is, parts: parts.flatMap((p) => (p.is === is ? p.parts : [p])) }
  }

  private one(): Expression {
    if (this.take('!')) return negated(this.one())
    if (this.take('(')) {
      const e = this.any()
      this.want(')')
      return e
    }
    const left = this.next()
    const sign = this.all[this.#at]?.is === 'sign' ? (this.all[this.#at]?.text ?? '') : ''
    if (left.is === 'value') return this.valueFirst(left.text)
    if (this.take('in')) return { is: 'condition', attribute: left.text, test: 'one_of', values: this.listed() }
    const test = comparisons[sign]
    if (test === undefined) return truth(left.text, true)
    this.#at++
    const right = this.next()
    if (right.is === 'name' && (right.text === 'true' || right.text === 'false')) return truth(left.text, (right.text === 'true') === (test === 'equal'))
    if (right.is !== 'value') throw new Unreadable()
    return { is: 'condition', attribute: left.text, test, values: [right.text] }
  }

  /** 750 < user.credit, "tea" in circle.tags */
  private valueFirst(value: string): Expression {
    const sign = this.next()
    const name = this.next()
    if (name.is !== 'name') throw new Unreadable()
    if (sign.text === 'in') return { is: 'condition', attribute: name.text, test: 'contains', values: [value] }
    const test = comparisons[turned[sign.text] ?? '']
    if (test === undefined) throw new Unreadable()
    return { is: 'condition', attribute: name.text, test, values: [value] }
  }

  private listed(): string[] {
    this.want('[')
    const values: string[] = []
    do {
      const v = this.next()
      if (v.is !== 'value') throw new Unreadable()
      values.push(v.text)
    } while (this.take(','))
    this.want(']')
    return values
  }

  private next(): Token {
    const t = this.all[this.#at++]
    if (t === undefined) throw new Unreadable()
    return t
  }

  private take(sign: string): boolean {
    const t = this.all[this.#at]
    if (t?.is !== 'sign' || t.text !== sign) return false
    this.#at++
    return true
  }

  private want(sign: string): void {
    if (!this.take(sign)) throw new Unreadable()
  }
}

function truth(attribute: string, is: boolean): Expression {
  return { is: 'condition', attribute, test: is ? 'true' : 'false', values: [] }
}

/** The opposite, with ! moved to the conditions. */
function negated(e: Expression): Expression {
  switch (e.is) {
    case 'condition':
      return { ...e, test: opposite[e.test] }
    default:
      return { is: e.is === 'all' ? 'any' : 'all', parts: e.parts.map(negated) }
  }
}

/** Reads a rule; null for one that only CEL can say. */
export function readExpression(s: string): Expression | null {
  const all = tokens(s)
  if (all === null || all.length === 0) return null
  try {
    return new Reader(all).whole()
  } catch (cause) {
    if (cause instanceof Unreadable) return null
    throw cause
  }
}

/** The attributes a rule speaks of. */
export function attributesIn(e: Expression): string[] {
  switch (e.is) {
    case 'condition':
      return [e.attribute]
    default:
      return e.parts.flatMap(attributesIn)
  }
}

// What a new circle can begin with, as the server's templates.go has it: the
// form is there before the circle, whose address tells of them.
import type { Rules, Template } from '../api/rights-types'

const trusted = 'user.credit > 750 || can.post'
const name = (id: string, en: string, zh: string) => ({ id, title: { en, zh } })
const plain = { parameters: [], needsReason: false }

export const templates: readonly Template[] = [
  { ...name('open', 'Open to all', '对所有人开放'), ...plain, rules: {} },
  { ...name('campus', 'Campus: students post', '校园：学生发帖'), ...plain, rules: { post: 'user.student', comment: trusted } },
  { ...name('school', 'One school', '本校学生'), ...plain, rules: { post: 'user.student_of == {school}', comment: trusted }, parameters: [name('school', 'School', '学校')] },
  { ...name('white_collar', 'White collar: employees post', '白领：在职者发帖'), ...plain, rules: { post: 'user.employee', comment: trusted } },
  { ...name('local', 'Local: one city', '同城'), ...plain, rules: { post: 'user.city == {city}', comment: trusted }, parameters: [name('city', 'City', '城市')] },
  { ...name('womens', 'Women post', '女性发帖'), ...plain, rules: { post: 'user.gender == "female"', comment: 'user.credit > 750' }, needsReason: true },
  { ...name('mens', 'Men post', '男性发帖'), ...plain, rules: { post: 'user.gender == "male"', comment: 'user.credit > 750' }, needsReason: true },
  { ...name('adults', 'Adults only', '仅限成年人'), ...plain, rules: { view: 'user.age >= 18' } },
]

/** The template's rules with what is written in the places of its parameters; null while one is empty. */
export function fill(t: Template, written: Readonly<Record<string, string>>): Rules | null {
  if (t.parameters.some((p) => (written[p.id] ?? '').trim() === '')) return null
  const put = (text: string): string => t.parameters.reduce((s, p) => s.replaceAll(`{${p.id}}`, () => JSON.stringify((written[p.id] ?? '').trim())), text)
  return Object.fromEntries(Object.entries(t.rules).map(([action, text]) => [action, put(text)]))
}

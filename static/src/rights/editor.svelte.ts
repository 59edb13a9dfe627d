// Rules being written: the texts, what is wrong with them, whom they would shut
// out. What was not looked at in a preview is not saved.
import { Attempt } from '../api/idempotency'
import { asProblem, type Problem } from '../api/problem'
import type { RightsApi } from '../api/rights-api'
import { ruled, type CircleRules, type NewRules, type Preview, type Ruled, type Rules, type Template } from '../api/rights-types'
import { fill } from './templates'
import { usesGender } from './words'

export type Stage = 'writing' | 'previewing' | 'previewed' | 'saving'

export class RuleEditor {
  current = $state.raw<CircleRules | null>(null)
  texts = $state<Record<Ruled, string>>({ view: '', post: '', comment: '', like: '', tip: '' })
  reason = $state('')
  template = $state.raw<Template | null>(null)
  written = $state<Record<string, string>>({}) // parameters of the template
  stage = $state<Stage>('writing')
  problem = $state.raw<Problem | null>(null)
  preview = $state.raw<Preview | null>(null)
  #previewed = $state('') // what the preview is of
  #turn = 0
  readonly #attempt = new Attempt()

  constructor(private readonly api: Pick<RightsApi, 'rules' | 'setRules' | 'previewRules'>, private readonly circle: string) {}

  async load(): Promise<void> {
    this.show(await this.api.rules(this.circle))
  }

  show(rules: CircleRules): void {
    this.current = rules
    this.write(rules.rules, rules.reason)
    this.template = null
  }

  /** The rules as they are written: empty ones are none. */
  get rules(): Rules {
    return Object.fromEntries(ruled.filter((a) => this.texts[a].trim() !== '').map((a) => [a, this.texts[a].trim()]))
  }

  get gendered(): boolean {
    return usesGender(this.rules)
  }

  get body(): NewRules {
    return { rules: this.rules, ...(this.gendered && this.reason.trim() !== '' ? { rules_reason: this.reason.trim() } : {}) }
  }

  /** The parameter that still has to be filled in. */
  get missing(): Template['parameters'][number] | null {
    return this.template?.parameters.find((p) => (this.written[p.id] ?? '').trim() === '') ?? null
  }

  get changed(): boolean {
    if (this.current === null) return false
    return asText(this.rules) !== asText(this.current.rules) || (this.gendered && this.reason.trim() !== this.current.reason)
  }

  get reasonMissing(): boolean {
    return this.gendered && this.reason.trim() === ''
  }

  get previewable(): boolean {
    return this.changed && this.missing === null && !this.reasonMissing && (this.stage === 'writing' || this.stage === 'previewed')
  }

  /** Only what was looked at can be saved. */
  get savable(): boolean {
    return this.changed && this.stage === 'previewed' && this.#previewed === JSON.stringify(this.body)
  }

  /** Takes a template; one with parameters waits until they are filled in. */
  choose(t: Template): void {
    this.template = t
    this.fillIn()
  }

  fillIn(): void {
    const rules = this.template === null ? null : fill(this.template, this.written)
    if (rules !== null) this.write(rules, this.reason)
    else this.edited()
  }

  /** A text was changed by hand. */
  edited(): void {
    this.#turn++
    this.stage = 'writing'
    this.problem = null
    this.preview = null
  }

  async look(): Promise<void> {
    if (!this.previewable) return
    const turn = ++this.#turn
    const body = this.body
    this.stage = 'previewing'
    this.problem = null
    this.preview = null
    try {
      const preview = await this.api.previewRules(this.circle, body)
      if (turn !== this.#turn) return // another text is there by now
      this.preview = preview
      this.#previewed = JSON.stringify(body)
      this.stage = 'previewed'
    } catch (cause) {
      if (turn !== this.#turn) return
      this.problem = asProblem(cause)
      this.stage = 'writing'
    }
  }

  /** Saves what was looked at; tells whether it holds now. */
  async save(): Promise<boolean> {
    return this.savable && this.#set(this.body)
  }

  async revert(version: number): Promise<boolean> {
    return this.stage !== 'saving' && this.#set({ revert_to: version })
  }

  async #set(body: NewRules): Promise<boolean> {
    this.#turn++
    this.stage = 'saving'
    this.problem = null
    try {
      this.show(await this.#attempt.run(body, (key) => this.api.setRules(this.circle, body, key)))
      return true
    } catch (cause) {
      this.problem = asProblem(cause)
      this.stage = 'writing'
      return false
    }
  }

  private write(rules: Rules, reason: string): void {
    for (const a of ruled) this.texts[a] = rules[a] ?? ''
    this.reason = reason
    this.edited()
  }
}

function asText(rules: Rules): string {
  return JSON.stringify(ruled.map((a) => rules[a] ?? ''))
}

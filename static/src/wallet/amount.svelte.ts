// An amount that is tapped or written.
import { parseYuan, plainHundredths } from '../text/money'

export class AmountChoice {
  /** The amount that was tapped; null: what is written. */
  tapped = $state<number | null>(null)
  written = $state('')
  /** Fen; null while nothing that is written is one. */
  readonly fen = $derived(this.tapped ?? parseYuan(this.written))

  constructor(readonly amounts: readonly number[], first: number | null = null) {
    if (first !== null) this.choose(first)
  }

  choose(fen: number): void {
    this.tapped = this.amounts.includes(fen) ? fen : null
    if (this.tapped === null) this.written = plainHundredths(fen)
  }
}

// What the calls have in common.
import { asProblem, problemOf } from './problem'

interface Answer {
  data?: unknown
  error?: unknown
  response: Response
}

/** The answer's body, or a Problem thrown. */
export async function settled(call: Promise<Answer>): Promise<unknown> {
  let answer: Answer
  try {
    answer = await call
  } catch (cause) {
    throw asProblem(cause)
  }
  const { response } = answer
  if (response.ok) return answer.data
  throw problemOf(response.status, answer.error, response.headers.get('Retry-After'))
}

export const query = (cursor: string | null, limit: number): { limit: number; cursor?: string } =>
  cursor === null ? { limit } : { limit, cursor }
export const keyed = (key: string): { 'Idempotency-Key': string } => ({ 'Idempotency-Key': key })

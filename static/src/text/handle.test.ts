import { describe, expect, it } from 'vitest'
import { handleIn } from './handle'

describe('a handle that is written', () => {
  it.each([[' @Lin ', 'lin'], ['＠mei_2', 'mei_2'], ['kai', 'kai']])('%j is %j', (written, handle) => expect(handleIn(written)).toBe(handle))
  it.each(['', '@', '@two words', 'https://here.test/users/u7', '0192-aa', '@林'])('%j is none', (written) => expect(handleIn(written)).toBe(''))
})

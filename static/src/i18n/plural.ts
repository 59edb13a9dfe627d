/** "1 like", "2 likes", in English. */
export const plural = (n: number, one: string, other: string): string => `${n.toLocaleString('en')} ${n === 1 ? one : other}`

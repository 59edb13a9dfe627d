import { describe, expect, it } from 'vitest'
import type { Photo } from '../api/types'
import { gridOf, moved, sizesOf, srcset } from './layout'

const shape = (width: number, height: number) => ({ width, height })
const many = (n: number) => Array.from({ length: n }, () => shape(4, 3))
const photo = (width: number, height: number, urls: Photo['urls']): Photo => ({ id: 'x', width, height, blurhash: '', urls, sensitive: false, pending: false })

describe('the photos of a post', () => {
  it('stand in pairs when there are two or four, else three in a row', () => {
    expect([2, 3, 4, 5, 6, 7, 8, 9].map((n) => gridOf(many(n)).columns)).toEqual([2, 3, 2, 3, 3, 3, 3, 3])
  })

  it('keep the shape of one alone, within reason', () => {
    expect(gridOf([shape(2560, 1920)])).toMatchObject({ columns: 1, ratio: 2560 / 1920, maxWidth: 580 })
    expect(gridOf([shape(1000, 1500)]).maxWidth).toBe(347)
    expect(gridOf([shape(100, 9000)]).ratio).toBe(0.5)
    expect(gridOf([shape(9000, 100)]).ratio).toBe(2.6)
  })

  it('offer each size once, by its real width', () => {
    expect(srcset(photo(2560, 1920, { phone: '/a', screen: '/b', full: '/c' }))).toBe('/a 640w, /b 1280w, /c 2560w')
    expect(srcset(photo(1920, 2560, { phone: '/a', screen: '/b', full: '/c' }))).toBe('/a 480w, /b 960w, /c 1920w')
    expect(srcset(photo(300, 200, { phone: '/a', screen: '/a', full: '/a' }))).toBe('/a 300w')
  })

  it('ask for more than the cell when they are broader', () => {
    const grid = gridOf(many(9))
    expect(sizesOf(shape(100, 100), grid)).toBe('(max-width: 640px) 29vw, 173px')
    expect(sizesOf(shape(200, 100), grid)).toBe('(max-width: 640px) 59vw, 347px')
  })

  it('can be put in another order', () => {
    expect(moved(['a', 'b', 'c'], 0, 2)).toEqual(['b', 'c', 'a'])
    expect(moved(['a', 'b', 'c'], 2, 0)).toEqual(['c', 'a', 'b'])
    for (const [from, to] of [[0, 3], [0, -1], [5, 0], [1, 1]] as const) expect(moved(['a', 'b', 'c'], from, to)).toEqual(['a', 'b', 'c'])
  })
})

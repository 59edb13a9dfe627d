import { expect, it } from 'vitest'
import { Router } from './router.svelte'

it('is on another screen when the path changes, not when the query does', () => {
  const r = new Router()
  r.go('/circles?tag=tea')
  expect([r.path, r.here, r.route.name]).toEqual(['/circles', '/circles?tag=tea', 'circles'])
  r.go('/circles?sort=new')
  expect(r.path).toBe('/circles')
  r.go('/users/u1')
  expect([r.path, r.route.name]).toEqual(['/users/u1', 'person'])
})

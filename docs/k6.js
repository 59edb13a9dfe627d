// Viewers of Life Circle in k6, for those who live there. It needs k6 0.56 or
// newer and a server that was started with --dev:
//
//   bin/lifecircle serve --demo --dev
//   k6 run -e VIEWERS=500 -e POSTS=5 -e DURATION=60s docs/k6.js
//
// URL (http://127.0.0.1:8080), VIEWERS (100), CIRCLES (10), POSTS a second over
// all circles (2, 0 for none) and DURATION (30s) are set with -e. k6 ends with a
// status other than 0 when a threshold is crossed: one lost, doubled or
// disordered event is enough. For more than a few thousand sockets, for storms
// and for figures of the server's cost take circleload: see circleload.md.
import http from 'k6/http'
import { check, fail } from 'k6'
import exec from 'k6/execution'
import { Counter, Rate, Trend } from 'k6/metrics'
import { WebSocket } from 'k6/websockets'

const url = (__ENV.URL || 'http://127.0.0.1:8080').replace(/\/$/, '')
const viewers = Number(__ENV.VIEWERS || 100)
const circles = Number(__ENV.CIRCLES || 10)
const posts = Number(__ENV.POSTS || 2)
const duration = __ENV.DURATION || '30s'

const delivery = new Trend('delivery', true) // from created_at to here: both clocks must be one
const deliveries = new Counter('deliveries')
const connected = new Rate('connected')
const lost = new Counter('lost')
const doubled = new Counter('doubled') // or disordered: an offset that was passed already

const scenarios = {
  viewers: { executor: 'per-vu-iterations', exec: 'view', vus: viewers, iterations: 1, maxDuration: '24h' },
}
if (posts > 0) {
  scenarios.posters = {
    executor: 'constant-arrival-rate', exec: 'post', rate: posts, timeUnit: '1s', duration, startTime: '2s',
    preAllocatedVUs: 5, maxVUs: 50,
  }
}

export const options = {
  scenarios,
  thresholds: {
    lost: ['count==0'],
    doubled: ['count==0'],
    connected: ['rate>0.99'],
    delivery: ['p(99)<1000'],
  },
}

const json = { 'Content-Type': 'application/json' }

// setup chooses what is watched and makes one who posts.
export function setup() {
  const found = http.get(`${url}/v1/circles?sort=top&limit=${circles}`)
  if (found.status !== 200) fail(`no circles: ${found.status} ${found.body}`)
  const ids = found.json('items').map((circle) => circle.id)
  if (ids.length === 0) fail('the server has no circles; start it with --demo')
  if (posts === 0) return { ids }
  const users = http.post(`${url}/v1/dev/users`, JSON.stringify({ count: 1, prefix: 'k6' }), { headers: json })
  if (users.status === 404) fail('the server was started without --dev; set POSTS=0 to watch only')
  return { ids, token: users.json('items.0.access_token') }
}

// view is one person who watches one circle until the time is over.
export function view({ ids }) {
  const channel = `circle:${ids[exec.vu.idInTest % ids.length]}`
  const ws = new WebSocket(`${url.replace(/^http/, 'ws')}/connection/websocket`)
  const state = { top: 0, subscribed: false }

  ws.addEventListener('open', () => ws.send(JSON.stringify({ id: 1, connect: { name: 'k6' } })))
  ws.addEventListener('message', ({ data }) => {
    // One frame carries one message or several, a line each.
    for (const text of data.split('\n')) {
      if (text !== '') receive(ws, channel, state, JSON.parse(text))
    }
  })
  ws.addEventListener('error', (e) => console.error(`${channel}: ${e.error}`))
  ws.addEventListener('close', () => {
    clearTimeout(end)
    connected.add(state.subscribed)
  })
  const end = setTimeout(() => ws.close(), milliseconds(duration) + 5000) // a little longer than there are posts
}

function receive(ws, channel, state, message) {
  if (Object.keys(message).length === 0) return ws.send('{}') // a ping, and its answer
  if (message.error) {
    console.error(`${channel}: ${message.error.code} ${message.error.message}`)
    return ws.close()
  }
  if (message.connect) return ws.send(JSON.stringify({ id: 2, subscribe: { channel } }))
  if (message.subscribe) {
    state.subscribed = true
    state.top = message.subscribe.offset || 0
    return
  }
  const publication = message.push && message.push.channel === channel && message.push.pub
  if (publication) observe(state, publication)
}

// observe checks one publication. Without an offset (counts, viewers) it may
// be dropped or merged, and is not looked at.
function observe(state, { offset, data }) {
  if (!offset) return
  deliveries.add(1)
  if (offset <= state.top) return doubled.add(1)
  lost.add(offset - state.top - 1)
  state.top = offset
  if (data.post && data.type === 'post.created') delivery.add(Date.now() - Date.parse(data.post.created_at))
}

// post writes one post, in each circle by turns.
export function post({ ids, token }) {
  const n = exec.scenario.iterationInTest
  const headers = { ...json, Authorization: `Bearer ${token}`, 'Idempotency-Key': `k6-${exec.vu.idInTest}-${n}-${Date.now()}` }
  const answer = http.post(`${url}/v1/circles/${ids[n % ids.length]}/posts`, JSON.stringify({ text: `load ${n} `.padEnd(200, '.') }), {
    headers, tags: { name: 'post' },
  })
  check(answer, { posted: ({ status }) => status === 201 })
}

function milliseconds(text) {
  const [, n, unit] = /^(\d+)(ms|s|m|h)$/.exec(text) || fail(`DURATION is ${text}; use 30s, 5m or 1h`)
  return Number(n) * { ms: 1, s: 1000, m: 60000, h: 3600000 }[unit]
}

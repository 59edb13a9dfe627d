// Does with the npm SDK what it is told on stdin, one JSON object a line, and
// tells on stdout what the SDK says. Go holds the tests; nothing is decided here.
//
// In:  {"id", "of": client, "do", ...arguments}; "token" answers a "getToken".
// Out: answers, see lines.mjs, and {"of": client, "event", ...context}.
import { obey, require, tell } from '../node/lines.mjs'

const WebSocket = require('ws')
const sdks = {
  json: () => require('centrifuge').Centrifuge,
  protobuf: () => require('centrifuge/build/protobuf').Centrifuge,
}
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
const codecs = {
  json: { encode: (v) => v, decode: (v) => v },
  protobuf: {
    encode: (v) => (v === undefined ? v : new TextEncoder().encode(JSON.stringify(v))),
    decode: (v) => (v === undefined || v.length === 0 ? undefined : JSON.parse(utf8.decode(v))),
  },
}

const clients = new Map()

/** One client of the SDK, with its name in every event. */
class Client {
  constructor(name, { url, protocol, token, getToken, minDelay, maxDelay, pingDelay }) {
    this.name = name
    this.codec = codecs[protocol]
    this.tokens = [] // who waits for one, in order
    const options = { websocket: WebSocket, minReconnectDelay: minDelay, maxReconnectDelay: maxDelay, name: 'e2e' }
    if (token) options.token = token
    if (pingDelay) options.maxServerPingDelay = pingDelay
    if (getToken) {
      options.getToken = () =>
        new Promise((resolve) => {
          this.tokens.push(resolve)
          this.tell('getToken')
        })
    }
    const SDK = sdks[protocol]()
    this.sdk = new SDK(url, options)
    this.follow(this.sdk, '', ['connecting', 'connected', 'disconnected', 'error'])
    this.follow(this.sdk, 'server.', ['subscribing', 'subscribed', 'unsubscribed', 'publication'])
  }

  tell(event, context = {}) {
    const { data, error, ...rest } = context
    const said = { ...rest, of: this.name, event, data: this.codec.decode(data) }
    if (error) Object.assign(said, { code: error.code, reason: error.message, kind: context.type })
    tell(said)
  }

  follow(source, prefix, events) {
    for (const event of events) source.on(event, (context) => this.tell(prefix + event, context))
  }

  publications = (list) => list.map(({ data, ...rest }) => ({ ...rest, data: this.codec.decode(data) }))

  // What can be done. Each may return a promise; its value is the answer.
  connect() {
    this.sdk.connect()
  }
  disconnect() {
    this.sdk.disconnect()
  }
  token({ token }) {
    this.tokens.shift()(token)
  }
  subscribe({ channel, since }) {
    const known = this.sdk.getSubscription(channel)
    const sub = known ?? this.sdk.newSubscription(channel, since ? { since } : {})
    if (!known) {
      this.follow(sub, 'sub.', ['subscribing', 'subscribed', 'unsubscribed', 'publication', 'error'])
    }
    sub.subscribe()
  }
  unsubscribe({ channel }) {
    this.sdk.getSubscription(channel).unsubscribe()
  }
  async rpc({ method, data }) {
    return this.codec.decode((await this.sdk.rpc(method, this.codec.encode(data))).data)
  }
  async publish({ channel, data }) {
    await this.sdk.publish(channel, this.codec.encode(data))
  }
  presence({ channel }) {
    return this.sdk.presence(channel)
  }
  presenceStats({ channel }) {
    return this.sdk.presenceStats(channel)
  }
  async history({ channel, options }) {
    const { publications, ...position } = await this.sdk.history(channel, options)
    return { ...position, publications: this.publications(publications) }
  }
}

obey(async ({ of, do: what, ...args }) => {
  if (what === 'open') clients.set(of, new Client(of, args))
  else return clients.get(of)[what](args)
})

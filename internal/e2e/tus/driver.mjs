// Uploads with the npm client of tus what it is told on stdin, one JSON object a
// line, and tells on stdout how it goes. Go holds the tests.
//
// In:  {"id", "do": "upload", "name", "endpoint", "token", "file", "metadata"}
// Out: answers {"url", "requests"}, see lines.mjs, and {"name", "sent", "of"}.
import { readFileSync } from 'node:fs'
import { obey, require, tell } from '../node/lines.mjs'

const tus = require('tus-js-client')

const upload = ({ name, endpoint, token, file, metadata }) =>
  new Promise((resolve, reject) => {
    const statuses = []
    const one = new tus.Upload(readFileSync(file), {
      endpoint,
      metadata,
      headers: { Authorization: `Bearer ${token}` },
      retryDelays: Array(300).fill(20),
      onProgress: (sent, of) => tell({ name, sent, of }),
      onAfterResponse: (request, response) => statuses.push(`${request.getMethod()} ${response.getStatus()}`),
      onError: (e) => reject({ code: e.originalResponse?.getStatus() ?? -1, message: e.originalResponse?.getBody() ?? String(e) }),
      onSuccess: () => resolve({ url: new URL(one.url).pathname, statuses }),
    })
    one.start()
  })

obey((command) => upload(command))

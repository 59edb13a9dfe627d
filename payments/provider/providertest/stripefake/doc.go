// Package stripefake is Stripe as far as we use it, over HTTP: form-encoded
// requests, JSON answers, error objects, idempotency keys that replay, lists
// with pages, a balance and signed events. It knows nothing of Stripe's SDK.
//
// Levers that the real one does not have are methods of API.
package stripefake

// Package alipayfake is Alipay's open platform as far as we use it: a gateway
// over HTTP that verifies and signs with RSA keys, page payments, refunds,
// transfers, notifications and zipped bills in GBK. Its answers have the
// shapes, the codes and the habits of the real one: a trade exists once its
// page was seen, a first answer to a refund is not final, refusals are signed
// and come with status 200.
//
// Levers that the real one does not have are methods of Gateway.
package alipayfake

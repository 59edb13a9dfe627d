package alipay

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
)

const signType = "RSA2"

var errSignature = errors.New("the answer is not signed by Alipay")

// content is what a signature covers: name=value, sorted and joined by &, of
// all parameters but those named.
func content(params url.Values, without ...string) []byte {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(params)) {
		if slices.Contains(without, name) {
			continue
		}
		if b.Len() > 0 {
			b.WriteByte('&')
		}
		b.WriteString(name)
		b.WriteByte('=')
		b.WriteString(params.Get(name))
	}
	return []byte(b.String())
}

// sign adds the signature to a request's parameters.
func sign(key *rsa.PrivateKey, params url.Values) error {
	digest := sha256.Sum256(content(params, "sign"))
	signature, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, digest[:])
	if err != nil {
		return fmt.Errorf("sign a request: %w", err)
	}
	params.Set("sign", base64.StdEncoding.EncodeToString(signature))
	return nil
}

// verified tells whether signature, in base64 of one spelling only, is that of
// the key over signed.
func verified(key *rsa.PublicKey, signed []byte, signature string) bool {
	raw, err := base64.StdEncoding.Strict().DecodeString(signature)
	if err != nil || strings.ContainsAny(signature, "\r\n") { // which the decoder skips
		return false
	}
	digest := sha256.Sum256(signed)
	return rsa.VerifyPKCS1v15(key, crypto.SHA256, digest[:], raw) == nil
}

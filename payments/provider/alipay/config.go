package alipay

import (
	"crypto"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// Gateway is where Alipay listens; its sandbox has an address of its own.
const Gateway = "https://openapi.alipay.com/gateway.do"

const minKeyBits = 2048 // what RSA2 asks for

// Config is what an operator gets from the open platform.
type Config struct {
	AppID           string // of our application: 16 digits
	SellerID        string // the account that receives payments: 2088 and 12 digits
	PrivateKey      string // our application's: PEM or bare base64, PKCS #1 or PKCS #8
	AlipayPublicKey string // Alipay's, not our own: PEM or bare base64
	Gateway         string // "": Gateway
	NotifyURL       string // of our webhook, absolute

	HTTP *http.Client // nil: one of our own
}

// Check says in a sentence what is wrong with the configuration. It never
// repeats a key.
func (c Config) Check() error {
	_, _, err := c.keys()
	switch {
	case !isDigits(c.AppID):
		return errors.New("the app id of Alipay must be its 16 digits, as the open platform shows it")
	case !isUserID(c.SellerID):
		return errors.New("the seller id of Alipay must be 16 digits that begin with 2088")
	case err != nil:
		return err
	case c.Gateway != "" && !isAbsolute(c.Gateway):
		return fmt.Errorf("the gateway of Alipay must be an absolute address without a query, not %q", c.Gateway)
	case !isAbsolute(c.NotifyURL):
		return fmt.Errorf("the notify address for Alipay must be the absolute address of our webhook without a query, not %q", c.NotifyURL)
	}
	return nil
}

func (c Config) keys() (*rsa.PrivateKey, *rsa.PublicKey, error) {
	private, err := parsePrivate(c.PrivateKey)
	if err != nil {
		return nil, nil, errors.New("the private key for Alipay must be an RSA key of 2048 bits or more, PEM or base64, PKCS #1 or PKCS #8")
	}
	public, err := parsePublic(c.AlipayPublicKey)
	if err != nil {
		return nil, nil, errors.New("the public key of Alipay must be an RSA key of 2048 bits or more, PEM or base64")
	}
	if public.Equal(private.Public()) {
		return nil, nil, errors.New("the public key must be Alipay's, which the open platform shows after ours was uploaded; this is our own")
	}
	return private, public, nil
}

var errKey = errors.New("not a usable key")

func parsePrivate(text string) (*rsa.PrivateKey, error) {
	der, err := keyBytes(text)
	if err != nil {
		return nil, err
	}
	key, err := x509.ParsePKCS1PrivateKey(der)
	if err != nil {
		var any8 any
		if any8, err = x509.ParsePKCS8PrivateKey(der); err != nil {
			return nil, err
		}
		var ok bool
		if key, ok = any8.(*rsa.PrivateKey); !ok {
			return nil, errKey
		}
	}
	if key.N.BitLen() < minKeyBits {
		return nil, errKey
	}
	return key, key.Validate()
}

func parsePublic(text string) (*rsa.PublicKey, error) {
	der, err := keyBytes(text)
	if err != nil {
		return nil, err
	}
	var parsed crypto.PublicKey
	if parsed, err = x509.ParsePKIXPublicKey(der); err != nil {
		if parsed, err = x509.ParsePKCS1PublicKey(der); err != nil {
			return nil, err
		}
	}
	key, ok := parsed.(*rsa.PublicKey)
	if !ok || key.N.BitLen() < minKeyBits {
		return nil, errKey
	}
	return key, nil
}

// keyBytes reads PEM, or the base64 of one line that the platform's tools show.
func keyBytes(text string) ([]byte, error) {
	if block, _ := pem.Decode([]byte(text)); block != nil {
		return block.Bytes, nil
	}
	return base64.StdEncoding.DecodeString(strings.Join(strings.Fields(text), ""))
}

func isAbsolute(address string) bool {
	u, err := url.Parse(address)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != "" && u.RawQuery == "" && u.Fragment == ""
}

func isDigits(s string) bool { return len(s) == 16 && onlyDigits(s) }

// isUserID tells an Alipay account's number from what people log in with.
func isUserID(s string) bool { return isDigits(s) && strings.HasPrefix(s, "2088") }

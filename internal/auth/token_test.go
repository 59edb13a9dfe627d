package auth

import (
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"lifecircle/internal/id"
	"lifecircle/internal/problem"
)

// keyedService has one signing key and no database; it asks for no other.
func keyedService(t testing.TB) (*Service, signingKey, *clock) {
	t.Helper()
	c := newClock()
	s := NewService(nil, Options{Now: c.now})
	k := newSigningKey()
	s.keys.current.Store(&keySet{keys: []signingKey{k}})
	s.keys.tried = c.now()
	return s, k, c
}

func TestAccessToken(t *testing.T) {
	t.Parallel()
	s, k, c := keyedService(t)
	token, err := s.sign(t.Context(), 7, 8, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	want := Claims{UserID: 7, SessionID: 8, ExpiresAt: c.now().Add(time.Minute).Truncate(time.Second)}
	if got, err := s.Verify(t.Context(), token); err != nil || got.UserID != want.UserID || got.SessionID != want.SessionID || !got.ExpiresAt.Equal(want.ExpiresAt) {
		t.Errorf("claims %+v, %v; want %+v", got, err, want)
	}
	var header map[string]string
	raw, _ := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[0])
	if err := json.Unmarshal(raw, &header); err != nil || header["alg"] != "EdDSA" || header["kid"] != k.id || len(header) != 3 {
		t.Errorf("header %s, %v", raw, err)
	}
	c.advance(time.Minute)
	_, err = s.Verify(t.Context(), token)
	wantProblem(t, "a minute later", err, problem.TokenExpired)
}

func TestIssueFor(t *testing.T) {
	t.Parallel()
	s, _, c := keyedService(t)
	for ttl, want := range map[time.Duration]time.Duration{0: 15 * time.Minute, time.Hour: time.Hour, 1000 * time.Hour: MaxTokenTTL} {
		token, err := s.IssueFor(t.Context(), 7, ttl)
		if err != nil {
			t.Fatal(err)
		}
		got, err := s.Verify(t.Context(), token)
		if err != nil || got.UserID != 7 || got.SessionID != 0 || !got.ExpiresAt.Equal(c.now().Add(want).Truncate(time.Second)) {
			t.Errorf("for %s: %+v, %v", ttl, got, err)
		}
	}
}

func TestForgedTokens(t *testing.T) {
	t.Parallel()
	s, k, c := keyedService(t)
	claims := func(change func(jwt.MapClaims)) jwt.MapClaims {
		m := jwt.MapClaims{"iss": "lifecircle", "aud": "lifecircle", "sub": id.ID(7).String(), "sid": id.ID(8).String(), "exp": c.now().Add(time.Hour).Unix()}
		change(m)
		return m
	}
	sign := func(method jwt.SigningMethod, kid any, m jwt.MapClaims, key any) string {
		t := jwt.NewWithClaims(method, m)
		t.Header["kid"] = kid
		signed, err := t.SignedString(key)
		if err != nil {
			panic(err)
		}
		return signed
	}
	same := func(jwt.MapClaims) {}
	ours := func(change func(jwt.MapClaims)) string {
		return sign(jwt.SigningMethodEdDSA, k.id, claims(change), k.private)
	}
	good, other := ours(same), newSigningKey()
	if _, err := s.Verify(t.Context(), good); err != nil {
		t.Fatal(err)
	}
	part := strings.Split(good, ".")
	x := base64.RawURLEncoding.EncodeToString(k.public())
	jwk := map[string]string{"kty": "OKP", "crv": "Ed25519", "x": base64.RawURLEncoding.EncodeToString(other.public())}
	embedded := jwt.NewWithClaims(jwt.SigningMethodEdDSA, claims(same))
	embedded.Header["jwk"], embedded.Header["kid"] = jwk, other.id
	withKey, _ := embedded.SignedString(other.private)
	forged := map[string]string{
		"empty":                      "",
		"dots":                       "..",
		"alg none":                   sign(jwt.SigningMethodNone, k.id, claims(same), jwt.UnsafeAllowNoneSignatureType),
		"alg none, our signature":    base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none","kid":"`+k.id+`"}`)) + "." + part[1] + "." + part[2],
		"HS256 with the public key":  sign(jwt.SigningMethodHS256, k.id, claims(same), []byte(k.public())),
		"HS256 with its text":        sign(jwt.SigningMethodHS256, k.id, claims(same), []byte(x)),
		"another key, our kid":       sign(jwt.SigningMethodEdDSA, k.id, claims(same), other.private),
		"another key, its kid":       sign(jwt.SigningMethodEdDSA, other.id, claims(same), other.private),
		"another key in the header":  withKey,
		"kid of another type":        sign(jwt.SigningMethodEdDSA, 7, claims(same), k.private),
		"no kid":                     sign(jwt.SigningMethodEdDSA, "", claims(same), k.private),
		"kid to inject SQL":          sign(jwt.SigningMethodEdDSA, "' OR 1=1 --", claims(same), k.private),
		"no signature":               part[0] + "." + part[1] + ".",
		"signature of another token": part[0] + "." + part[1] + "." + strings.Split(ours(func(m jwt.MapClaims) { m["sub"] = id.ID(9).String() }), ".")[2],
		"payload of another token":   part[0] + "." + base64.RawURLEncoding.EncodeToString([]byte(`{"sub":"`+id.ID(9).String()+`"}`)) + "." + part[2],
		"a line end":                 good + "\n",
		"padding":                    good + "=",
		"a fourth part":              good + ".x",
		"wrong audience":             ours(func(m jwt.MapClaims) { m["aud"] = "elsewhere" }),
		"no audience":                ours(func(m jwt.MapClaims) { delete(m, "aud") }),
		"wrong issuer":               ours(func(m jwt.MapClaims) { m["iss"] = "elsewhere" }),
		"wrong issuer and expired":   ours(func(m jwt.MapClaims) { m["iss"], m["exp"] = "elsewhere", 1 }),
		"no expiry":                  ours(func(m jwt.MapClaims) { delete(m, "exp") }),
		"expiry of another type":     ours(func(m jwt.MapClaims) { m["exp"] = "never" }),
		"not yet valid":              ours(func(m jwt.MapClaims) { m["nbf"] = c.now().Add(time.Hour).Unix() }),
		"no subject":                 ours(func(m jwt.MapClaims) { delete(m, "sub") }),
		"subject that is no id":      ours(func(m jwt.MapClaims) { m["sub"] = "7" }),
		"session that is no id":      ours(func(m jwt.MapClaims) { m["sid"] = "8" }),
		"too long":                   ours(func(m jwt.MapClaims) { m["x"] = strings.Repeat("x", maxTokenBytes) }),
	}
	for what, token := range forged {
		_, err := s.Verify(t.Context(), token)
		wantProblem(t, what, err, problem.InvalidToken)
	}
	for i := range good {
		changed := good[:i] + string(good[i]^1) + good[i+1:]
		if _, err := s.Verify(t.Context(), changed); !problem.Has(err, problem.InvalidToken) {
			t.Fatalf("with byte %d changed: %v", i, err)
		}
	}
}

func TestJWKS(t *testing.T) {
	t.Parallel()
	s, k, _ := keyedService(t)
	set, err := s.JWKS(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	raw, _ := json.Marshal(set)
	want := `{"keys":[{"kty":"OKP","crv":"Ed25519","alg":"EdDSA","use":"sig","kid":"` + k.id + `","x":"` + base64.RawURLEncoding.EncodeToString(k.public()) + `"}]}`
	if string(raw) != want {
		t.Errorf("%s, want %s", raw, want)
	}
}

// RFC 8037, appendix A.3.
func TestThumbprint(t *testing.T) {
	t.Parallel()
	x, err := base64.RawURLEncoding.DecodeString("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo")
	if got := thumbprint(ed25519.PublicKey(x)); err != nil || got != "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k" {
		t.Errorf("%s, %v", got, err)
	}
}

// Only a token that we made, byte for byte, is valid.
func FuzzVerify(f *testing.F) {
	s, _, _ := keyedService(f)
	good, err := s.sign(context.Background(), 7, 8, time.Hour)
	if err != nil {
		f.Fatal(err)
	}
	part := strings.Split(good, ".")
	for _, seed := range []string{good, good + "\n", "", "..", part[0] + "." + part[1] + ".", part[0] + ".e30." + part[2], "e30.e30.", "{}.{}.{}", "\x00.\xff.😀"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, token string) {
		_, err := s.Verify(t.Context(), token)
		if token == good {
			if err != nil {
				t.Errorf("our own token: %v", err)
			}
		} else if !problem.Has(err, problem.InvalidToken) {
			t.Errorf("%q: %v", token, err)
		}
	})
}

package alipayfake

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// The one merchant that it knows.
const (
	AppID    = "2021000000000001"
	SellerID = "2088000000000001"

	keyBits = 2048
)

// Keys are the pairs of both sides. They take long to make and may be shared.
type Keys struct {
	Merchant, Alipay, Forger *rsa.PrivateKey
}

// NewKeys makes all of them.
func NewKeys(t testing.TB) Keys {
	t.Helper()
	made := make([]*rsa.PrivateKey, 3)
	for i := range made {
		var err error
		if made[i], err = rsa.GenerateKey(rand.Reader, keyBits); err != nil {
			t.Fatal(err)
		}
	}
	return Keys{made[0], made[1], made[2]}
}

// MerchantPrivate is our key as the platform's tools show it: PKCS #1, base64.
func (k Keys) MerchantPrivate() string {
	return base64.StdEncoding.EncodeToString(x509.MarshalPKCS1PrivateKey(k.Merchant))
}

// AlipayPublic is Alipay's key as the platform shows it.
func (k Keys) AlipayPublic(t testing.TB) string {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(k.Alipay.Public())
	if err != nil {
		t.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(der)
}

// Gateway is the platform.
type Gateway struct {
	keys Keys
	srv  *httptest.Server

	mu        sync.Mutex // guards what follows
	trades    map[string]*trade
	refunds   map[string]*refund   // by out_request_no
	transfers map[string]*transfer // by out_biz_no
	bills     map[string][]byte    // by the token of their address
	numbers   int64                // given so far
	late      bool                 // bills of today are not made yet, as with the real one
	forge     bool                 // answers are signed by somebody else
	calls     map[string]int       // by method
	fail      map[string]string    // method -> sub_code of the next answer
}

// New starts a platform that ends with the test.
func New(t testing.TB, keys Keys) *Gateway {
	t.Helper()
	g := &Gateway{
		keys: keys, trades: map[string]*trade{}, refunds: map[string]*refund{}, transfers: map[string]*transfer{},
		bills: map[string][]byte{}, calls: map[string]int{}, fail: map[string]string{},
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /gateway.do", g.api)
	mux.HandleFunc("GET /gateway.do", g.page)
	mux.HandleFunc("GET /bill/{token}", g.download)
	g.srv = httptest.NewServer(mux)
	t.Cleanup(g.srv.Close)
	return g
}

// URL is the gateway's address.
func (g *Gateway) URL() string { return g.srv.URL + "/gateway.do" }

// HTTP is a client for it whose connections end with it.
func (g *Gateway) HTTP() *http.Client { return g.srv.Client() }

// Calls tells how often a method was called.
func (g *Gateway) Calls(method string) int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.calls[method]
}

// FailNext answers the next call of a method with a refusal, or, with an empty
// code, does its work and hangs up instead of answering.
func (g *Gateway) FailNext(method, subCode string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.fail[method] = subCode
}

// BillsAreLate has the bills of today made tomorrow, as the real one does.
func (g *Gateway) BillsAreLate() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.late = true
}

// Forge lets somebody without Alipay's key answer from now on.
func (g *Gateway) Forge() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.forge = true
}

// content is what a signature covers.
func content(params url.Values, without ...string) string {
	var pairs []string
	for _, name := range slices.Sorted(maps.Keys(params)) {
		if v := params.Get(name); v != "" && !slices.Contains(without, name) {
			pairs = append(pairs, name+"="+v)
		}
	}
	return strings.Join(pairs, "&")
}

func signature(key *rsa.PrivateKey, text string) string {
	digest := sha256.Sum256([]byte(text))
	s, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, digest[:])
	if err != nil {
		panic(err) // the keys are ours
	}
	return base64.StdEncoding.EncodeToString(s)
}

// checkRequest returns the sub_code of what is wrong with a request.
func (g *Gateway) checkRequest(p url.Values) string {
	digest := sha256.Sum256([]byte(content(p, "sign")))
	given, err := base64.StdEncoding.DecodeString(p.Get("sign"))
	at, timeErr := time.ParseInLocation(layout, p.Get("timestamp"), zone())
	switch {
	case p.Get("app_id") != AppID:
		return "isv.invalid-app-id"
	case err != nil || p.Get("sign_type") != "RSA2" || rsa.VerifyPKCS1v15(&g.keys.Merchant.PublicKey, crypto.SHA256, digest[:], given) != nil:
		return "isv.invalid-signature"
	case timeErr != nil || time.Since(at).Abs() > 15*time.Minute:
		return "isv.invalid-timestamp"
	case p.Get("charset") != "utf-8" || p.Get("format") != "JSON" || p.Get("version") != "1.0":
		return "isv.invalid-parameter"
	}
	return ""
}

func (g *Gateway) api(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil {
		http.Error(w, "malformed", http.StatusBadRequest)
		return
	}
	method := r.PostForm.Get("method")
	if bad := g.checkRequest(r.PostForm); bad != "" {
		g.answer(w, method, refused("40002", "Invalid Arguments", bad, "请求有误"))
		return
	}
	var business map[string]any
	if err := json.Unmarshal([]byte(r.PostForm.Get("biz_content")), &business); err != nil {
		g.answer(w, method, refused("40002", "Invalid Arguments", "isv.invalid-parameter", "参数无效"))
		return
	}
	g.mu.Lock()
	g.calls[method]++
	code, failing := g.fail[method]
	delete(g.fail, method)
	var node map[string]any
	if failing && code != "" {
		node = refused("40004", "Business Failed", code, "业务处理失败")
	} else {
		node = g.dispatch(method, func(name string) string { s, _ := business[name].(string); return s }, business)
	}
	g.mu.Unlock()
	if failing && code == "" {
		panic(http.ErrAbortHandler)
	}
	g.answer(w, method, node)
}

func (g *Gateway) dispatch(method string, text func(string) string, business map[string]any) map[string]any {
	switch method {
	case "alipay.trade.query":
		return g.queryTrade(text("out_trade_no"))
	case "alipay.trade.refund":
		return g.refund(text("out_trade_no"), text("out_request_no"), text("refund_amount"))
	case "alipay.trade.fastpay.refund.query":
		return g.queryRefund(text("out_trade_no"), text("out_request_no"))
	case "alipay.fund.trans.uni.transfer":
		return g.transfer(text("out_biz_no"), text("trans_amount"), text("product_code"), business["payee_info"])
	case "alipay.fund.trans.common.query":
		return g.queryTransfer(text("out_biz_no"))
	case "alipay.data.dataservice.bill.downloadurl.query":
		return g.billURL(text("bill_type"), text("bill_date"))
	}
	return refused("40002", "Invalid Arguments", "isv.invalid-method", "不存在的方法名")
}

func refused(code, msg, sub, subMsg string) map[string]any {
	return map[string]any{"code": code, "msg": msg, "sub_code": sub, "sub_msg": subMsg}
}

func ok(fields map[string]any) map[string]any {
	fields["code"], fields["msg"] = "10000", "Success"
	return fields
}

// answer signs the raw bytes of the node, slashes escaped as the real one does.
func (g *Gateway) answer(w http.ResponseWriter, method string, node map[string]any) {
	raw, err := json.Marshal(node)
	if err != nil {
		panic(err)
	}
	text := strings.ReplaceAll(string(raw), "/", `\/`)
	key := g.keys.Alipay
	g.mu.Lock()
	if g.forge {
		key = g.keys.Forger
	}
	g.mu.Unlock()
	w.Header().Set("Content-Type", "text/html;charset=utf-8")
	_, _ = fmt.Fprintf(w, `{"%s_response":%s,"sign":"%s"}`, strings.ReplaceAll(method, ".", "_"), text, signature(key, text)) //nolint:gosec // read by no browser
}

// next gives numbers as Alipay does; g.mu is held.
func (g *Gateway) next() string {
	g.numbers++
	return fmt.Sprintf("%s2200%016d", time.Now().In(zone()).Format("20060102"), g.numbers)
}

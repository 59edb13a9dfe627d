package email

import (
	_ "embed" // the page
	"errors"
	"net/http"
	"net/url"

	"lifecircle/internal/identity/verifier"
	"lifecircle/internal/identity/verifier/page"
)

// Area is where the page is; codes and links lead there.
const Area = "/verify/"

const (
	pagePath  = Area + "email/"
	stylePath = Area + "page.css"
)

//go:embed code.html
var codeHTML string

// view is what the page is filled with.
type view struct {
	Words                words
	Style                string
	State                string // pending, done or gone
	Wrong                bool
	Handle, Of, To, Code string
}

// Handler serves the pages below Area.
func (l *Loop) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+pagePath+"{id}", l.show)
	mux.HandleFunc("POST "+pagePath+"{id}", l.take)
	mux.HandleFunc("GET "+stylePath, page.Style)
	return mux
}

// show never confirms by itself, not with a link either: programs that look at
// mails open every link.
func (l *Loop) show(w http.ResponseWriter, r *http.Request) {
	if c, ok := l.authorized(w, r); ok {
		l.render(w, r, http.StatusOK, pending(c, r.URL.Query().Get("code"), false))
	}
}

func pending(c verifier.Case, code string, wrong bool) view {
	return view{State: "pending", Handle: c.Handle, Of: c.Claim.Of, To: c.Claim.Email, Code: code, Wrong: wrong}
}

func (l *Loop) take(w http.ResponseWriter, r *http.Request) {
	c, ok := l.authorized(w, r)
	if !ok {
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, page.MaxForm)
	right, err := l.Confirm(r.Context(), c.ID, r.PostFormValue("code"))
	switch {
	case errors.Is(err, verifier.ErrDecided) || errors.Is(err, verifier.ErrUnknown):
		l.render(w, r, http.StatusOK, view{State: "gone"})
	case err != nil:
		page.Fail(w, r, err, l.o.Log)
	case !right:
		l.render(w, r, http.StatusUnprocessableEntity, pending(c, "", true))
	default:
		here := url.URL{Path: pagePath + c.ID, RawQuery: url.Values{"token": {r.URL.Query().Get("token")}, "done": {"1"}}.Encode()}
		page.Private(w.Header())
		http.Redirect(w, r, here.String(), http.StatusSeeOther)
	}
}

// authorized returns the case of the page if the token opens it. An unknown one
// and a wrong token look the same.
func (l *Loop) authorized(w http.ResponseWriter, r *http.Request) (verifier.Case, bool) {
	name, ok := verifier.ParseID(r.PathValue("id"))
	if !ok || !l.Keys.Opens(Name, name, r.URL.Query().Get("token")) {
		l.render(w, r, http.StatusNotFound, view{State: "gone"})
		return verifier.Case{}, false
	}
	c, err := l.Read(r.Context(), name)
	switch {
	case errors.Is(err, verifier.ErrUnknown), err == nil && (c.State != verifier.Pending || c.Over):
		state := "gone"
		if r.URL.Query().Get("done") != "" {
			state = "done"
		}
		l.render(w, r, http.StatusOK, view{State: state})
		return verifier.Case{}, false
	case err != nil:
		page.Fail(w, r, err, l.o.Log)
		return verifier.Case{}, false
	}
	return c, true
}

func (l *Loop) render(w http.ResponseWriter, r *http.Request, status int, v view) {
	v.Words, v.Style = english(), stylePath
	if page.Chinese(r) {
		v.Words = chinese()
	}
	page.Render(w, r, l.page, status, v, l.o.Log)
}

// words are the texts of the page in one language.
type words struct {
	Lang, Title, Pending, Done, Gone, Asks, Sent, Code, Confirm, Wrong, NotYou, AboutDone, AboutGone string
}

func english() words {
	return words{
		Lang: "en", Title: "Confirm a mailbox", Pending: "Waiting for the code", Done: "Thank you", Gone: "Nothing here",
		Asks: "asks to be confirmed as one of:", Sent: "The code is in a mail to", Code: "Code", Confirm: "Confirm",
		Wrong: "This is not the code.", NotYou: "If this account is not yours, do not confirm.",
		AboutDone: "Life Circle shows what came of it. You can close this page.",
		AboutGone: "There is no such request, it is too old, or it was decided. Ask for a new code in Life Circle.",
	}
}

func chinese() words {
	return words{
		Lang: "zh-CN", Title: "邮箱验证", Pending: "等待验证码", Done: "谢谢", Gone: "这里什么也没有",
		Asks: "申请认证：", Sent: "验证码已发送至", Code: "验证码", Confirm: "确认",
		Wrong: "验证码不正确。", NotYou: "如果这不是你的账号，请不要确认。",
		AboutDone: "请在 Life Circle 查看结果，可以关闭此页。",
		AboutGone: "没有这项申请，或者它已过期、已有结果。请在 Life Circle 重新获取验证码。",
	}
}

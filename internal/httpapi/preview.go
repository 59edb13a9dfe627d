package httpapi

import (
	"bytes"
	"context"
	"fmt"
	"html/template"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/rivo/uniseg"

	"lifecircle/feed"
	"lifecircle/internal/id"
	"lifecircle/internal/ratelimit"
)

const (
	maxExcerpt  = 200             // characters of a text in a preview
	previewTime = 2 * time.Second // for its reads; the page opens without one
	cardIcon    = "/icons/icon-512.png"
)

// preview is what other sites show of a link to a page: what any guest may
// read, and no more.
type preview struct {
	Kind    string // og:type
	Title   string
	About   string
	URL     string // "": nobody knows where we are
	Picture string // "": none
	Large   bool   // the picture is a photo
	At      time.Time
}

// linked is a page that can have a preview.
type linked struct {
	circle, user id.ID
	post         id.Post
	path         string // its canonical one
}

// linkedPage reads the paths of circles, posts and people, as
// static/src/routing/routes.ts does.
func linkedPage(path string) (l linked, ok bool) {
	parts := strings.Split(strings.Trim(path, "/"), "/")
	if len(parts) == 4 && parts[0] == "circles" && parts[2] == "posts" {
		parts = parts[2:]
	}
	if len(parts) != 2 {
		return l, false
	}
	l.path = "/" + parts[0] + "/" + parts[1]
	var err error
	switch parts[0] {
	case "circles":
		l.circle, err = id.Parse(parts[1])
	case "posts":
		l.post, err = id.ParsePost(parts[1])
	case "users":
		l.user, err = id.Parse(parts[1])
	default:
		return l, false
	}
	return l, err == nil
}

// previewed returns index.html with the preview of a page in it; the plain one
// where there is none to see for a guest, or no room to look: a page that is
// closed, one that does not exist and one under too much load are the same.
func (s *server) previewed(r *http.Request, l linked) *file {
	plain := s.static.byName[indexFile]
	if s.static.head == nil || s.reads.crowded() {
		return plain
	}
	ctx, cancel := context.WithTimeout(r.Context(), previewTime)
	defer cancel()
	if ratelimit.Requests.Check(ctx, s.Limiter, callOf(ctx).address) != nil || s.reads.enter(ctx) != nil {
		return plain
	}
	p, err := s.lookAt(ctx, l)
	s.reads.leave()
	if err != nil {
		_ = s.problemOf(ctx, err) // which logs what is no refusal
		return plain
	}
	p.place(s.baseOf(r), l.path)
	page, err := s.static.head.with(p)
	if err != nil {
		_ = s.problemOf(ctx, err)
		return plain
	}
	return newFile(indexFile, page)
}

// lookAt reads a page as a guest.
func (s *server) lookAt(ctx context.Context, l linked) (preview, error) {
	guest := feed.Actor{}
	switch {
	case l.circle != 0:
		c, err := s.Feed.Circle(ctx, guest, l.circle)
		return preview{Kind: "website", Title: c.Name, About: excerpt(c.Description)}, err
	case l.user != 0:
		u, err := s.Feed.User(ctx, l.user)
		return preview{Kind: "profile", Title: u.DisplayName + " (@" + u.Handle + ")", About: excerpt(u.Bio)}, err
	}
	v, err := s.Feed.Post(ctx, guest, l.post)
	if err != nil {
		return preview{}, err
	}
	p := preview{Kind: "article", Title: v.Author.DisplayName, About: excerpt(v.Text), At: v.CreatedAt}
	if v.Circle != nil {
		p.Title += " · " + v.Circle.Name
	}
	p.Picture, err = pictureOf(v.Photos)
	p.Large = p.Picture != ""
	return p, err
}

// place makes the preview's addresses absolute, which other sites need.
func (p *preview) place(base, path string) {
	if p.Picture == "" {
		p.Picture = cardIcon
	}
	switch {
	case base == "":
		if strings.HasPrefix(p.Picture, "/") {
			p.Picture, p.Large = "", false
		}
		return
	case strings.HasPrefix(p.Picture, "/"):
		p.Picture = base + p.Picture
	}
	p.URL = base + path
}

// baseOf is where people reach us: as the operator says, or as the request
// does where it comes from this machine. Anything else anybody could make up.
func (s *server) baseOf(r *http.Request) string {
	if s.PublicURL != "" {
		return strings.TrimSuffix(s.PublicURL, "/")
	}
	u, err := url.Parse("http://" + r.Host)
	if err != nil || u.Host != r.Host {
		return ""
	}
	name := u.Hostname()
	if a, err := netip.ParseAddr(name); name == "localhost" || err == nil && a.IsLoopback() {
		return "http://" + u.Host
	}
	return ""
}

// excerpt is the beginning of a text, in one line.
func excerpt(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	g, n := uniseg.NewGraphemes(s), 0
	for g.Next() {
		if n++; n == maxExcerpt {
			_, to := g.Positions()
			if to < len(s) {
				return strings.TrimSpace(s[:to]) + "…"
			}
		}
	}
	return s
}

// head is index.html around the part that previews replace.
type head struct{ before, after []byte }

const (
	headBegins = "<!--preview"
	headEnds   = "<!--/preview-->"
)

// newHead finds the place of previews; nil where there is none.
func newHead(page []byte) *head {
	from, to := bytes.Index(page, []byte(headBegins)), bytes.Index(page, []byte(headEnds))
	if from < 0 || to < from {
		return nil
	}
	return &head{before: page[:from], after: page[to+len(headEnds):]}
}

func (h *head) with(p preview) ([]byte, error) {
	var b bytes.Buffer
	b.Write(h.before)
	if err := headTemplate.Execute(&b, p); err != nil {
		return nil, fmt.Errorf("write a preview: %w", err)
	}
	b.Write(h.after)
	return b.Bytes(), nil
}

var headTemplate = template.Must(template.New("head").Parse(`<title>{{.Title}} · Life Circle</title>
    {{- with .About}}
    <meta name="description" content="{{.}}" />
    <meta property="og:description" content="{{.}}" />
    {{- end}}
    <meta property="og:site_name" content="Life Circle" />
    <meta property="og:type" content="{{.Kind}}" />
    <meta property="og:title" content="{{.Title}}" />
    {{- with .URL}}
    <meta property="og:url" content="{{.}}" />
    <link rel="canonical" href="{{.}}" />
    {{- end}}
    {{- with .Picture}}
    <meta property="og:image" content="{{.}}" />
    {{- end}}
    {{- if not .At.IsZero}}
    <meta property="article:published_time" content="{{.At.UTC.Format "2006-01-02T15:04:05Z07:00"}}" />
    {{- end}}
    <meta name="twitter:card" content="{{if .Large}}summary_large_image{{else}}summary{{end}}" />`))

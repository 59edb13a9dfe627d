package httpapi

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"strings"

	"github.com/labstack/echo/v4"
)

const (
	indexFile   = "index.html"
	hashedFiles = "assets/" // Vite puts the hash of their content into their names
	minGzip     = 1400      // bytes; less fits one packet as it is
)

// files is the web client, held in memory. A name leads to a file by a look
// into a map: no path can leave it.
type files struct {
	byName map[string]*file
	head   *head // of index.html, for previews; nil: it has no place for them
}

type file struct {
	kind    string
	etag    string // of the plain form; the other one's has a g in front
	cache   string
	plain   []byte
	gzipped []byte // nil: not worth it
}

func loadFiles(web fs.FS) (*files, error) {
	all := &files{byName: map[string]*file{}}
	if web == nil {
		return all, nil
	}
	err := fs.WalkDir(web, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		content, err := fs.ReadFile(web, name)
		if err != nil {
			return err
		}
		all.byName[name] = newFile(name, content)
		if name == indexFile {
			all.head = newHead(content)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("load the web client: %w", err)
	}
	return all, nil
}

func newFile(name string, content []byte) *file {
	sum := sha256.Sum256(content)
	f := &file{kind: kindOf(name), etag: base64.RawURLEncoding.EncodeToString(sum[:12]), cache: "no-cache", plain: content}
	if strings.HasPrefix(name, hashedFiles) {
		f.cache = "public, max-age=31536000, immutable"
	}
	if len(content) >= minGzip && !strings.HasPrefix(f.kind, "image/p") && !strings.HasPrefix(f.kind, "font/") {
		f.gzipped = gzipped(content)
	}
	return f
}

func gzipped(content []byte) []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = z.Write(content) // a buffer takes everything
	_ = z.Close()
	return b.Bytes()
}

// kindOf does not ask the machine, whose table of types may lack some.
func kindOf(name string) string {
	kinds := map[string]string{
		".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8",
		".json": "application/json", ".map": "application/json", ".webmanifest": "application/manifest+json",
		".svg": "image/svg+xml", ".png": "image/png", ".ico": "image/x-icon", ".woff2": "font/woff2", ".txt": "text/plain; charset=utf-8",
	}
	if kind, ok := kinds[path.Ext(name)]; ok {
		return kind
	}
	return "application/octet-stream"
}

// noRoute answers what is no route: a file of the web client, its page for a
// browser that asks for one, or a problem.
func (s *server) noRoute(c echo.Context) error {
	r := c.Request()
	if r.Method != http.MethodGet || reserved(r.URL.Path) {
		return errNoRoute
	}
	name := strings.TrimPrefix(path.Clean("/"+r.URL.Path), "/")
	if f, ok := s.static.byName[name]; ok {
		f.serve(c.Response(), r)
		return nil
	}
	if strings.HasPrefix(name, hashedFiles) {
		return errNoRoute
	}
	page, accept := s.static.byName[indexFile], r.Header.Get("Accept")
	wanted := strings.Contains(accept, "text/html") || name == ""
	l, ok := linkedPage(r.URL.Path)
	if ok && page != nil && (wanted || accept == "" || strings.Contains(accept, "*/*")) { // who makes previews takes anything
		s.previewed(r, l).serve(c.Response(), r)
		return nil
	}
	if !wanted {
		return errNoRoute
	}
	if page != nil {
		page.serve(c.Response(), r)
		return nil
	}
	return c.Blob(http.StatusNotFound, "text/html; charset=utf-8", []byte(notBuilt))
}

// reserved tells the paths where no page of the web client lives.
func reserved(p string) bool {
	for _, area := range []string{"/v1", "/connection", "/media", "/sandbox", "/verify", "/.well-known"} {
		if p == area || strings.HasPrefix(p, area+"/") {
			return true
		}
	}
	return false
}

func (f *file) serve(w http.ResponseWriter, r *http.Request) {
	h, body, etag := w.Header(), f.plain, `"`+f.etag+`"`
	h.Set("Cache-Control", f.cache)
	if f.gzipped != nil {
		h.Set("Vary", "Accept-Encoding")
		if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
			body, etag = f.gzipped, `"g`+f.etag+`"`
			h.Set("Content-Encoding", "gzip")
		}
	}
	h.Set("ETag", etag)
	if strings.Contains(r.Header.Get("If-None-Match"), etag) {
		h.Del("Content-Encoding")
		w.WriteHeader(http.StatusNotModified)
		return
	}
	h.Set("Content-Type", f.kind)
	_, _ = w.Write(body) // fails with the connection only
}

const notBuilt = `<!doctype html><html lang="en"><meta charset="utf-8"><title>Life Circle</title>
<h1>Life Circle is running</h1>
<p>Its web page has not been built into this program. Run <code>make web</code>, then <code>make build</code>, and start it again.</p>
<p>The API is described at <a href="/docs">/docs</a>.</p></html>
`

package httpapi

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"lifecircle/internal/id"
	"lifecircle/internal/media"
	"lifecircle/internal/problem"
)

// jpegOf is a picture that no other shade gives.
func jpegOf(w, h int, shade uint8) []byte {
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			img.SetRGBA(x, y, color.RGBA{shade, uint8(x), uint8(y), 255})
		}
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, nil); err != nil {
		panic(err)
	}
	return b.Bytes()
}

// bytesTo sends a body of any type.
func (s *site) bytesTo(method, target string, body []byte, headers ...header) reached {
	s.t.Helper()
	r := httptest.NewRequest(method, target, bytes.NewReader(body))
	for _, h := range headers {
		r.Header.Set(h.name, h.value)
	}
	return s.send(r)
}

var tus = header{"Tus-Resumable", "1.0.0"}

func kind(of string) header { return header{"Content-Type", of} }

func at(offset int) header { return header{"Upload-Offset", strconv.Itoa(offset)} }

// photo uploads one in one request.
func (s *site) photo(p person, shade uint8) media.Photo {
	s.t.Helper()
	a := s.bytesTo("POST", "/v1/photos", jpegOf(700, 500, shade), p.auth(), kind("image/jpeg"))
	s.want(http.StatusCreated, a)
	var got media.Photo
	if err := json.Unmarshal(a.body, &got); err != nil {
		s.t.Fatal(err)
	}
	return got
}

func TestAPhotoFromItsFileToAPost(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	ann, bob := s.person("ann"), s.person("bob")
	circle := s.circle(ann)
	photo := s.photo(ann, 1)
	own := s.want(200, s.do("GET", "/v1/photos/"+photo.ID.String(), "", ann.auth()))
	if own["width"] != 700.0 || own["post_id"] != nil || own["sizes"].(map[string]any)["phone"].(map[string]any)["width"] != 640.0 {
		t.Errorf("its owner sees %v", own)
	}
	s.refused(problem.NotFound, s.do("GET", "/v1/photos/"+photo.ID.String(), "", bob.auth()))
	s.refused(problem.NotFound, s.do("GET", "/v1/photos/nonsense", "", bob.auth()))

	body := `{"text":"","photos":["` + photo.ID.String() + `"]}`
	s.refused(problem.PhotoNotFound, s.do("POST", circle+"/posts", body, bob.auth()))
	post := s.want(201, s.do("POST", circle+"/posts", body, ann.auth(), key()))
	shown := post["photos"].([]any)[0].(map[string]any)
	if shown["id"] != photo.ID.String() || shown["urls"].(map[string]any)["screen"] != photo.URLs.Screen || shown["review"] != "none" {
		t.Errorf("the post shows %v", shown)
	}
	s.refused(problem.PhotoInUse, s.do("POST", circle+"/posts", body, ann.auth()))

	patch := func(p person, body string) reached {
		return s.do("PATCH", "/v1/photos/"+photo.ID.String(), body, p.auth())
	}
	s.refused(problem.RoleRequired, patch(bob, `{"sensitive":true}`))
	s.refused(problem.RoleRequired, patch(ann, `{"review":"passed"}`))
	s.refused(problem.Invalid_, patch(ann, `{"review":"none"}`))
	if v := s.want(200, patch(ann, `{"sensitive":true}`)); v["sensitive"] != true || v["review"] != "pending" {
		t.Errorf("flagged: %v", v)
	}
	path := "/v1/posts/" + post["id"].(string)
	can := s.want(200, s.do("GET", path, "", bob.auth()))["can"].(map[string]any)["tip"].(map[string]any)
	if can["allowed"] != false || can["code"] != "photo_unreviewed" {
		t.Errorf("can.tip is %v", can)
	}
	s.refused(problem.PhotoUnreviewed, s.do("POST", path+"/tips", `{"amount":100,"currency":"CNY"}`, bob.auth(), key()))
}

func TestFilesOfPhotos(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	photo := s.photo(s.person("ann"), 1)
	file := photo.URLs.Phone
	a := s.request("GET", file)
	for name, want := range map[string]string{
		"Content-Type": "image/jpeg", "Cache-Control": "public, max-age=31536000, immutable", "X-Content-Type-Options": "nosniff",
		"Content-Security-Policy": "default-src 'none'; sandbox", "Accept-Ranges": "bytes", "Content-Length": strconv.Itoa(len(a.body)),
	} {
		if got := a.Header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if img, err := jpeg.DecodeConfig(bytes.NewReader(a.body)); err != nil || a.StatusCode != 200 || img.Width != 640 {
		t.Errorf("%d, %+v, %v", a.StatusCode, img, err)
	}
	if len(a.Header["Set-Cookie"]) > 0 || a.Header.Get("ETag") == "" {
		t.Errorf("headers %v", a.Header)
	}
	if again := s.request("GET", file, header{"If-None-Match", a.Header.Get("ETag")}); again.StatusCode != 304 || len(again.body) != 0 {
		t.Errorf("again: %d, %d bytes", again.StatusCode, len(again.body))
	}
	if part := s.request("GET", file, header{"Range", "bytes=2-4"}); part.StatusCode != 206 || !bytes.Equal(part.body, a.body[2:5]) {
		t.Errorf("a range: %d, %x", part.StatusCode, part.body)
	}
	if head := s.request("HEAD", file); head.StatusCode != 200 || len(head.body) != 0 || head.Header.Get("Content-Length") != strconv.Itoa(len(a.body)) {
		t.Errorf("HEAD: %d, %d bytes, %v", head.StatusCode, len(head.body), head.Header)
	}
	for _, path := range []string{
		"/media/", "/media/ab", "/media/ab/cd", "/media/../go.mod", "/media/ab/../../go.mod", "/media/%2e%2e/go.mod", "/media/ab%2f..%2f/x", "/media/tmp/x",
		strings.Replace(file, ".jpg", ".png", 1), file[:len(file)-6] + "0.jpg", file + "/x", "/media/" + strings.Repeat("a", 5000),
	} {
		a := s.request("GET", path)
		if a.StatusCode != 404 || a.Header.Get("Cache-Control") == "public, max-age=31536000, immutable" {
			t.Errorf("%s: %d %v", path, a.StatusCode, a.Header)
		}
	}
}

func form(t *testing.T, fields map[string]string, name string, file []byte) (body []byte, kind string) {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for name, value := range fields {
		_ = w.WriteField(name, value)
	}
	f, err := w.CreateFormFile(name, "IMG_2031 at home.jpg")
	if err != nil {
		t.Fatal(err)
	}
	_, _ = f.Write(file)
	_ = w.Close()
	return b.Bytes(), w.FormDataContentType()
}

func TestPhotosInForms(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	ann := s.person("ann")
	body, of := form(t, map[string]string{"sensitive": "true"}, "file", jpegOf(40, 30, 1))
	if v := s.want(201, s.bytesTo("POST", "/v1/photos", body, ann.auth(), kind(of))); v["sensitive"] != true || v["review"] != "pending" {
		t.Errorf("%v", v)
	}
	if v := s.want(201, s.bytesTo("POST", "/v1/photos?sensitive=true", jpegOf(40, 30, 2), ann.auth())); v["sensitive"] != true {
		t.Errorf("%v", v)
	}
	wrong, ofWrong := form(t, nil, "picture", jpegOf(40, 30, 1))
	many, ofMany := form(t, map[string]string{"a": "", "b": "", "c": "", "d": "", "e": "", "f": "", "g": "", "h": ""}, "file", jpegOf(40, 30, 1))
	for name, tt := range map[string]struct {
		body []byte
		kind string
		code problem.Code
	}{
		"another name":      {wrong, ofWrong, problem.Invalid_},
		"many other things": {many, ofMany, problem.Invalid_},
		"no form":           {[]byte("hello"), of, problem.Invalid_},
		"no boundary":       {body, "multipart/form-data", problem.Invalid_},
		"half a form":       {body[:len(body)/2], of, problem.MalformedRequest},
		"HEIC":              {[]byte("\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic"), "image/heic", problem.PhotoKindUnsupported},
		"JSON":              {[]byte(`{"text":"x"}`), "application/json", problem.PhotoKindUnsupported},
		"nothing":           {nil, "image/jpeg", problem.PhotoUnreadable},
	} {
		a := s.bytesTo("POST", "/v1/photos", tt.body, ann.auth(), kind(tt.kind))
		if a.StatusCode != problem.Status(tt.code) {
			t.Errorf("%s: %d %s", name, a.StatusCode, a.body)
			continue
		}
		v := s.refused(tt.code, a)
		if tt.code == problem.PhotoKindUnsupported && !strings.Contains(v["detail"].(string), "JPEG, PNG, WebP, GIF") {
			t.Errorf("%s: %v does not name what is accepted", name, v["detail"])
		}
	}
	s.refused(problem.Unauthorized, s.bytesTo("POST", "/v1/photos", body, kind(of)))
}

func TestTusAsItsProtocolSays(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	ann, bob := s.person("ann"), s.person("bob")
	piece := kind("application/offset+octet-stream")
	file := jpegOf(40, 30, 1)

	options := s.request("OPTIONS", "/v1/uploads")
	if options.StatusCode != 204 || options.Header.Get("Tus-Version") != "1.0.0" || options.Header.Get("Tus-Extension") != "creation,creation-with-upload,expiration,termination" ||
		options.Header.Get("Tus-Max-Size") != "20971520" || options.Header.Get("Tus-Resumable") != "1.0.0" {
		t.Errorf("OPTIONS: %d %v", options.StatusCode, options.Header)
	}
	begin := func(length string, headers ...header) reached {
		return s.bytesTo("POST", "/v1/uploads", nil, append([]header{ann.auth(), {"Upload-Length", length}}, headers...)...)
	}
	s.refused(problem.TusVersion, begin("5"))
	s.refused(problem.TusVersion, begin("5", header{"Tus-Resumable", "0.2.2"}))
	for _, length := range []string{"", "0", "-1", "1e3", "x", "99999999999999999999"} {
		s.refused(problem.UploadLength, begin(length, tus))
	}
	s.refused(problem.PhotoTooLarge, begin("20971521", tus))

	made := begin(strconv.Itoa(len(file)), tus, header{"Upload-Metadata", "filename SU1HLmpwZw==,sensitive dHJ1ZQ=="})
	upload := made.Header.Get("Location")
	if made.StatusCode != 201 || len(made.body) != 0 || made.Header.Get("Upload-Expires") == "" || made.Header.Get("Tus-Resumable") != "1.0.0" {
		t.Fatalf("%d %v %s", made.StatusCode, made.Header, made.body)
	}
	look := func() reached { return s.request("HEAD", upload, ann.auth(), tus) }
	stands := func(offset int) {
		t.Helper()
		if a := look(); a.StatusCode != 200 || a.Header.Get("Upload-Offset") != strconv.Itoa(offset) || a.Header.Get("Upload-Length") != strconv.Itoa(len(file)) ||
			a.Header.Get("Cache-Control") != "no-store" || len(a.body) != 0 {
			t.Errorf("HEAD: %d %v, want %d", a.StatusCode, a.Header, offset)
		}
	}
	stands(0)
	add := func(body []byte, headers ...header) reached {
		return s.bytesTo("PATCH", upload, body, append([]header{ann.auth(), tus, piece}, headers...)...)
	}
	s.refused(problem.BadContentType, add(file, at(0), kind("image/jpeg")))
	s.refused(problem.UploadOffset, add(file, at(1)))
	s.refused(problem.UploadOffset, add(file))
	s.refused(problem.UploadOffset, add(file, header{"Upload-Offset", "-1"}))
	s.refused(problem.TusVersion, add(file, at(0), header{"Tus-Resumable", "2"}))
	s.refused(problem.UploadNotFound, add(file, at(0), bob.auth()))
	s.refused(problem.Unauthorized, s.bytesTo("PATCH", upload, file, tus, piece, at(0)))
	stands(0)
	if a := add(file[:100], at(0)); a.StatusCode != 204 || a.Header.Get("Upload-Offset") != "100" {
		t.Errorf("%d %v", a.StatusCode, a.Header)
	}
	stands(100)
	s.refused(problem.UploadNotFound, s.do("GET", upload, "", bob.auth()))
	if v := s.want(200, s.do("GET", upload, "", ann.auth())); v["state"] != "receiving" || v["offset"] != 100.0 || v["photo"] != nil {
		t.Errorf("%v", v)
	}
	last := s.bytesTo("POST", upload, file[100:], ann.auth(), tus, piece, at(100), header{"X-HTTP-Method-Override", "PATCH"})
	if last.StatusCode != 204 || last.Header.Get("Upload-Offset") != strconv.Itoa(len(file)) || last.Header.Get("Photo-Id") == "" {
		t.Errorf("%d %v", last.StatusCode, last.Header)
	}
	stands(len(file))
	v := s.want(200, s.do("GET", upload+"?wait=10", "", ann.auth()))
	if photo := v["photo"].(map[string]any); v["state"] != "ready" || photo["sensitive"] != true || photo["id"] != last.Header.Get("Photo-Id") {
		t.Errorf("%v", v)
	}
	s.refused(problem.Invalid_, s.do("GET", upload+"?wait=11", "", ann.auth()))

	s.refused(problem.UploadNotFound, s.bytesTo("DELETE", upload, nil, bob.auth(), tus))
	s.want(204, s.bytesTo("DELETE", upload, nil, ann.auth(), tus))
	if a := look(); a.StatusCode != 404 {
		t.Errorf("after its end: %d", a.StatusCode)
	}
	s.refused(problem.UploadNotFound, s.do("GET", "/v1/uploads/nonsense", "", ann.auth()))
}

func TestBytesThatComeWithTheBeginning(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	ann := s.person("ann")
	begin := func(file []byte) reached {
		return s.bytesTo("POST", "/v1/uploads", file, ann.auth(), tus, kind("application/offset+octet-stream"), header{"Upload-Length", strconv.Itoa(len(file))})
	}
	file := jpegOf(40, 30, 1)
	if a := begin(file); a.StatusCode != 201 || a.Header.Get("Upload-Offset") != strconv.Itoa(len(file)) || a.Header.Get("Photo-Id") == "" {
		t.Errorf("%d %v %s", a.StatusCode, a.Header, a.body)
	}
	s.refused(problem.PhotoKindUnsupported, begin([]byte("hello, world, this is a text")))
}

// Who sends many bodies at once keeps no places from others.
func TestBodiesOfOnePersonAreBounded(t *testing.T) {
	t.Parallel()
	entered, leave := make(chan struct{}), make(chan struct{})
	s := newSite(t, func(o *Options) { o.Photos = slowPhotos{o.Photos, entered, leave} })
	ann, bob := s.person("ann"), s.person("bob")
	file := jpegOf(40, 30, 1)
	answers := make(chan int)
	for range userStreams {
		go func() { answers <- s.bytesTo("POST", "/v1/photos", file, ann.auth()).StatusCode }()
		<-entered
	}
	s.refused(problem.Overloaded, s.bytesTo("POST", "/v1/photos", file, ann.auth()))
	go func() { answers <- s.bytesTo("POST", "/v1/photos", file, bob.auth()).StatusCode }()
	<-entered
	close(leave)
	for range userStreams + 1 {
		if status := <-answers; status != 201 {
			t.Errorf("%d", status)
		}
	}
}

// slowPhotos says when a file is there, and waits.
type slowPhotos struct {
	Photos
	entered chan<- struct{}
	leave   <-chan struct{}
}

func (p slowPhotos) Store(ctx context.Context, user id.ID, size int64, sensitive bool, file io.Reader, key string) (media.Photo, error) {
	p.entered <- struct{}{}
	<-p.leave
	return p.Photos.Store(ctx, user, size, sensitive, file, key)
}

func FuzzUploads(f *testing.F) {
	f.Add("1.0.0", "100", "0", "application/offset+octet-stream", "sensitive dHJ1ZQ==", []byte("\xff\xd8\xff"))
	f.Add("1.0.0", "20971520", "-1", "", ",,=", []byte("GIF89a"))
	s := newSite(f, nil)
	ann := s.person("ann")
	f.Fuzz(func(t *testing.T, version, length, offset, of, metadata string, body []byte) {
		do := func(method, path string) {
			r := httptest.NewRequest(method, path, bytes.NewReader(body))
			for name, value := range map[string]string{
				"Tus-Resumable": version, "Upload-Length": length, "Upload-Offset": offset, "Content-Type": of, "Upload-Metadata": metadata, "Authorization": ann.auth().value,
			} {
				r.Header[name] = []string{value}
			}
			a := s.answer(r)
			if a.StatusCode >= 500 {
				t.Errorf("%s %s: %d %s", method, path, a.StatusCode, a.body)
			}
			if place := a.Header.Get("Location"); method == "POST" && strings.HasPrefix(place, "/v1/uploads/") {
				r := httptest.NewRequest("DELETE", place, nil)
				r.Header.Set("Tus-Resumable", "1.0.0")
				r.Header.Set("Authorization", ann.auth().value)
				if end := s.answer(r); end.StatusCode != 204 {
					t.Errorf("end of %s: %d %s", place, end.StatusCode, end.body)
				}
			}
		}
		do("POST", "/v1/uploads")
		do("PATCH", fmt.Sprintf("/v1/uploads/%s", "0000000000002"))
		do("POST", "/v1/photos")
	})
}

package e2e

import (
	"bytes"
	"encoding/json"
	"errors"
	"image"
	"image/color"
	"image/jpeg"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"lifecircle/internal/media/blob/blobtest"
)

// photo is a photo of the API, as far as the tests care.
type photo struct {
	ID     string            `json:"id"`
	Width  int               `json:"width"`
	Height int               `json:"height"`
	URLs   map[string]string `json:"urls"`
}

type upload struct {
	State string `json:"state"`
	Photo photo  `json:"photo"`
}

// noise is the file of a picture that hardly shrinks.
func noise(t testing.TB, w, h int, seed uint64) (path string) {
	t.Helper()
	img, rnd := image.NewRGBA(image.Rect(0, 0, w, h)), rand.New(rand.NewPCG(seed, 2)) //nolint:gosec // a picture
	for y := range h {
		for x := range w {
			img.SetRGBA(x, y, color.RGBA{uint8(rnd.UintN(256)), uint8(x), uint8(y), 255}) //nolint:gosec // colours
		}
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, &jpeg.Options{Quality: 95}); err != nil {
		t.Fatal(err)
	}
	path = filepath.Join(t.TempDir(), "noise.jpg")
	if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// photoNodes are two servers with one database, one folder of photos, and a
// network before both that gives each connection to the next one.
type photoNodes struct {
	t       *testing.T
	a, b    *server
	network *proxy
	dead    atomic.Pointer[server]
	tus     *node
	person  person
	circle  circle
}

// startPhotoNodes starts them with settings that say where photos lie.
func startPhotoNodes(t *testing.T, place ...string) *photoNodes {
	t.Helper()
	needModule(t, "tus-js-client")
	n := &photoNodes{t: t}
	c := settings{databaseURL: startDatabase(t), redisURL: startRedis(t).URL(), args: place}
	n.a, n.b = start(t, c), start(t, c)
	var turn atomic.Int64
	n.network = startProxyTo(t, func() (net.Conn, error) {
		to := []*server{n.a, n.b}[turn.Add(1)%2]
		if to == n.dead.Load() {
			to = []*server{n.a, n.b}[turn.Add(1)%2]
		}
		return net.Dial("tcp", to.address)
	})
	n.tus = startNode(t, "tus/driver.mjs", func([]byte) {}) // its progress
	n.person = n.a.person()
	n.circle = n.a.circle(n.person)
	return n
}

// upload sends a file with the tus client through the network, and returns
// what the client saw, and the photo.
func (n *photoNodes) upload(file string) (statuses []string, p photo) {
	n.t.Helper()
	raw, err := n.tus.call("upload", "", map[string]any{
		"name": file, "endpoint": "http://" + n.network.address() + "/v1/uploads", "token": n.person.Token, "file": file,
		"metadata": map[string]string{"filename": "IMG_1.jpg"},
	})
	if err != nil {
		n.t.Fatal(err)
	}
	var done struct {
		URL      string
		Statuses []string
	}
	if err := json.Unmarshal(raw, &done); err != nil {
		n.t.Fatal(err)
	}
	var u upload
	for u.State != "ready" {
		n.alive().do(request{method: "GET", path: done.URL + "?wait=10", token: n.person.Token}, &u)
		if u.State == "refused" {
			n.t.Fatalf("%+v", u)
		}
	}
	return done.Statuses, u.Photo
}

// alive is a node that nobody has killed.
func (n *photoNodes) alive() *server {
	if n.dead.Load() == n.b {
		return n.a
	}
	return n.b
}

// posts returns how many posts there are, and fails unless each has a photo
// whose files are there.
func (n *photoNodes) posts() int {
	n.t.Helper()
	var page struct {
		Items []struct{ Photos []photo }
	}
	n.b.do(request{method: "GET", path: "/v1/circles/" + n.circle.ID + "/posts"}, &page)
	for _, p := range page.Items {
		if len(p.Photos) == 0 {
			n.t.Error("a post without its photos")
			continue
		}
		for _, u := range p.Photos[0].URLs {
			n.file(n.b, u)
		}
	}
	return len(page.Items)
}

func (n *photoNodes) file(from *server, path string) []byte {
	n.t.Helper()
	res, err := web.Get(from.url() + path)
	if err != nil {
		n.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK || res.Header.Get("Content-Type") != "image/jpeg" {
		n.t.Fatalf("%s: %d %v, %v", path, res.StatusCode, res.Header, err)
	}
	return body
}

// The npm client of tus goes on after each cut, on another node each time.
func TestAnUploadGoesOnAfterCutsOnWhateverNode(t *testing.T) {
	t.Parallel()
	n := startPhotoNodes(t, "--media-dir="+t.TempDir())
	file := noise(t, 1000, 700, 1)
	_, want := n.upload(file)
	if want.Width != 1000 || want.Height != 700 {
		t.Fatalf("%+v", want)
	}
	var cut atomic.Int64
	n.network.cutSent(func() int64 { return 30_011 + 7919*(cut.Add(1)%13) }) // of the request's bytes, its head among them
	n.network.cut()                                                          // those that clients keep
	statuses, got := n.upload(file)
	if cut.Load() < 5 || got.URLs["full"] != want.URLs["full"] || got.ID == want.ID {
		t.Errorf("after %d cuts: %+v, want %+v; %v", cut.Load(), got, want, statuses)
	}
	t.Logf("%d cuts: %s", cut.Load(), strings.Join(statuses, ", "))
	n.network.cutSent(nil)
	var answers atomic.Int64
	n.network.cutAfter(func() int64 { // in its head, and then in the middle of the next ones
		if k := answers.Add(1); k < 6 {
			return 40 * k
		}
		return 1 << 40
	})
	n.network.cut()
	statuses, got = n.upload(file)
	if got.URLs["full"] != want.URLs["full"] || answers.Load() < 6 {
		t.Errorf("after answers were cut: %+v, %v", got, statuses)
	}
}

// A hundred people upload at once: posts are answered meanwhile, and every
// upload becomes a photo or is told when to come again.
func TestAHundredUploadsDoNotHurtTheFeed(t *testing.T) {
	t.Parallel()
	const uploads, posts, late = 100, 30, 2 * time.Second
	s := start(t, settings{})
	author := s.person()
	in := s.circle(author)
	file, err := os.ReadFile(noise(t, 1600, 1200, 1))
	if err != nil {
		t.Fatal(err)
	}
	var (
		all         sync.WaitGroup
		made, later atomic.Int64
	)
	for _, p := range s.people(uploads) {
		all.Go(func() {
			switch status, wait := s.sendPhoto(p, file); {
			case status == http.StatusCreated:
				made.Add(1)
			case status == http.StatusTooManyRequests && wait != "":
				later.Add(1)
			default:
				t.Errorf("an upload is answered %d, Retry-After %q", status, wait)
			}
		})
	}
	took := make([]time.Duration, posts)
	for i := range took {
		begin := time.Now()
		s.post(author, in, "meanwhile")
		took[i] = time.Since(begin)
	}
	if m := median(t, "posts during uploads", took); m > late {
		t.Errorf("a post takes %s", m)
	}
	all.Wait()
	t.Logf("%d photos were made, %d are to come again", made.Load(), later.Load())
	if made.Load() == 0 {
		t.Error("no photo was made")
	}
}

// sendPhoto uploads in one request, and returns how it was answered.
func (s *server) sendPhoto(p person, file []byte) (status int, retryAfter string) {
	req, err := http.NewRequest(http.MethodPost, s.url()+"/v1/photos", bytes.NewReader(file)) //nolint:noctx // the server ends it
	if err != nil {
		return 0, err.Error()
	}
	req.Header.Set("Authorization", "Bearer "+p.Token)
	res, err := web.Do(req)
	if err != nil {
		return 0, err.Error()
	}
	_, _ = io.Copy(io.Discard, res.Body)
	_ = res.Body.Close()
	return res.StatusCode, res.Header.Get("Retry-After")
}

// Nodes that share a bucket and no folder serve each other's photos.
func TestNodesShareABucket(t *testing.T) {
	t.Parallel()
	s3 := blobtest.StartS3(t)
	n := startPhotoNodes(t, "--s3-endpoint="+s3.Endpoint, "--s3-region="+s3.Region, "--s3-bucket="+s3.Bucket,
		"--s3-access-key="+s3.AccessKey, "--s3-secret-key="+s3.SecretKey, "--s3-path-style")
	_, p := n.upload(noise(t, 1400, 900, 1))
	for size, path := range p.URLs {
		body := n.file(n.a, path)
		if _, err := jpeg.Decode(bytes.NewReader(body)); err != nil {
			t.Errorf("%s: %v", size, err)
		}
		if again := n.file(n.b, path); !bytes.Equal(again, body) {
			t.Errorf("%s: another node has another file", size)
		}
	}
}

// A node is killed in the middle of the upload, and the other one between the
// upload and the post: the post appears once, with its photo.
func TestAPostAppearsOnceAndNeverWithoutItsPhotos(t *testing.T) {
	t.Parallel()
	n := startPhotoNodes(t, "--media-dir="+t.TempDir())
	viewer := startSDK(t).connected(opening{url: n.b.socketURL()})
	viewer.subscribe(n.circle.channel())
	var once sync.Once
	killed := make(chan struct{})
	n.network.carrySent(func(dst io.Writer, src io.Reader) error {
		if _, err := io.CopyN(dst, src, 150_000); err != nil {
			return err
		}
		once.Do(func() {
			n.killBehind(dst)
			close(killed)
		})
		_, err := io.Copy(dst, src)
		return err
	})
	statuses, p := n.upload(noise(t, 1000, 700, 1))
	<-killed
	if n.dead.Load() == nil || len(statuses) < 3 {
		t.Fatalf("no node was killed: %v", statuses)
	}
	alive := n.alive()
	if err := errors.Join(alive.kill(), alive.run(), n.dead.Load().run()); err != nil {
		t.Fatal(err)
	}
	body := map[string]any{"text": "", "photos": []string{p.ID}}
	if got := n.posts(); got != 0 {
		t.Fatalf("%d posts before the post", got)
	}
	var ids []string
	for range 3 {
		var made post
		n.b.do(request{method: "POST", path: "/v1/circles/" + n.circle.ID + "/posts", token: n.person.Token, key: "once", body: body}, &made)
		ids = append(ids, made.ID)
	}
	if ids[0] != ids[1] || ids[1] != ids[2] || n.posts() != 1 {
		t.Errorf("posts %v, %d in the circle", ids, n.posts())
	}
	event := viewer.awaitWhere("the post", func(e sdkEvent) bool { made, ok := e.post(); return ok && made.ID == ids[0] })
	if !strings.Contains(string(event.Data), p.URLs["phone"]) {
		t.Errorf("the event is %s", event.Data)
	}
}

// killBehind kills the node at the other end of a connection.
func (n *photoNodes) killBehind(conn io.Writer) {
	victim := n.a
	if tcp, ok := conn.(net.Conn); ok && tcp.RemoteAddr().String() == n.b.address {
		victim = n.b
	}
	n.dead.Store(victim)
	if err := victim.kill(); err != nil {
		n.t.Error(err)
	}
}

// Package blobtest starts a real S3 server, versitygw, for tests of what is
// kept in a bucket. scripts/need-versitygw.sh installs it, as `make tools` does.
package blobtest

import (
	"bytes"
	"context"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"testing"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"lifecircle/internal/media/blob"
)

const (
	accessKey = "lifecircle"
	secretKey = "a secret of the tests"
	region    = "eu-test-1"
	bucket    = "photos"

	portAttempts = 20
	lowestPort   = 15_000 // below 32768: the kernel gives none of these to somebody who dials
	highestPort  = 32_000
)

// StartS3 starts a server with one empty bucket, which runs until the test
// ends, and returns how to reach it.
func StartS3(t testing.TB) blob.S3Options {
	t.Helper()
	for range portAttempts {
		address := net.JoinHostPort("127.0.0.1", strconv.Itoa(lowestPort+rand.IntN(highestPort-lowestPort)))
		if !start(t, address) {
			continue // the port is somebody else's
		}
		makeBucket(t, address)
		return blob.S3Options{
			Endpoint: "http://" + address, Region: region, Bucket: bucket,
			AccessKey: accessKey, SecretKey: secretKey, PathStyle: true,
		}
	}
	t.Fatal("versitygw found no port")
	return blob.S3Options{}
}

// start runs the server until the test ends; false: it ended before it served.
func start(t testing.TB, address string) bool {
	t.Helper()
	objects, metadata := t.TempDir(), t.TempDir()
	said := &listener{word: "http://" + address, heard: make(chan struct{})}
	cmd := exec.Command(binary(t), "--port", address, "--region", region, "--keep-alive", "posix", "--sidecar", metadata, objects)
	cmd.Env = append(os.Environ(), "ROOT_ACCESS_KEY_ID="+accessKey, "ROOT_SECRET_ACCESS_KEY="+secretKey)
	cmd.Stdout = said
	if err := cmd.Start(); err != nil {
		t.Fatalf("start versitygw, which make tools installs: %v", err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = cmd.Wait()
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		<-ended
	})
	select {
	case <-said.heard:
		return reachable(address)
	case <-ended:
		return false
	}
}

// listener reads along until it hears the word. Only the copying goroutine of
// os/exec writes to it.
type listener struct {
	word   string
	text   []byte
	heard  chan struct{}
	silent bool // it was heard
}

func (l *listener) Write(p []byte) (int, error) {
	if !l.silent {
		l.text = append(l.text, p...)
		if l.silent = bytes.Contains(l.text, []byte(l.word)); l.silent {
			close(l.heard)
		}
	}
	return len(p), nil
}

func reachable(address string) bool {
	c, err := (&net.Dialer{}).DialContext(context.Background(), "tcp", address)
	if err != nil {
		return false
	}
	return c.Close() == nil
}

func makeBucket(t testing.TB, address string) {
	t.Helper()
	client, err := minio.New(address, &minio.Options{
		Creds: credentials.NewStaticV4(accessKey, secretKey, ""), Region: region, BucketLookup: minio.BucketLookupPath,
	})
	if err == nil {
		err = client.MakeBucket(context.Background(), bucket, minio.MakeBucketOptions{Region: region})
	}
	if err != nil {
		t.Fatalf("make the bucket: %v", err)
	}
}

// binary is where the script puts it, seen from any package's tests.
func binary(t testing.TB) string {
	t.Helper()
	_, here, _, ok := runtime.Caller(0)
	if !ok {
		t.Fatal("where is this file?")
	}
	return filepath.Join(filepath.Dir(here), "../../../../.tools/bin/versitygw")
}

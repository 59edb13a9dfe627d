// Package blobtest starts a real S3 server, versitygw, for tests of what is
// kept in a bucket. scripts/need-versitygw.sh installs it, as `make tools` does.
package blobtest

import (
	"bytes"
	"context"
	crand "crypto/rand"
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
	region = "eu-test-1"
	bucket = "photos"

	portAttempts = 20
	lowestPort   = 15_000 // below 32768: the kernel gives none of these to somebody who dials
	highestPort  = 32_000
)

// StartS3 starts a server with one empty bucket, which runs until the test
// ends, and returns how to reach it.
func StartS3(t testing.TB) blob.S3Options {
	t.Helper()
	var err error
	for range portAttempts {
		address := net.JoinHostPort("127.0.0.1", strconv.Itoa(lowestPort+rand.IntN(highestPort-lowestPort)))
		o := blob.S3Options{
			Endpoint: "http://" + address, Region: region, Bucket: bucket,
			AccessKey: crand.Text(), SecretKey: crand.Text(), PathStyle: true,
		}
		if !start(t, address, o) {
			continue
		}
		// It says where it listens before it does: what answers may be somebody
		// else's server, which does not know these keys.
		if err = makeBucket(address, o); err == nil {
			return o
		}
	}
	t.Fatalf("versitygw found no port; the last bucket: %v", err)
	return blob.S3Options{}
}

// start runs the server until the test ends; false: it ended before it served.
func start(t testing.TB, address string, o blob.S3Options) bool {
	t.Helper()
	objects, metadata := t.TempDir(), t.TempDir()
	said := &listener{word: "http://" + address, heard: make(chan struct{})}
	cmd := exec.Command(binary(t), "--port", address, "--region", region, "posix", "--sidecar", metadata, objects)
	cmd.Env = append(os.Environ(), "ROOT_ACCESS_KEY_ID="+o.AccessKey, "ROOT_SECRET_ACCESS_KEY="+o.SecretKey)
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
		return true
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

// makeBucket tries again, with growing pauses, while nobody answers.
func makeBucket(address string, o blob.S3Options) error {
	client, err := minio.New(address, &minio.Options{
		Creds: credentials.NewStaticV4(o.AccessKey, o.SecretKey, ""), Region: region, BucketLookup: minio.BucketLookupPath,
	})
	if err != nil {
		return err
	}
	return client.MakeBucket(context.Background(), bucket, minio.MakeBucketOptions{Region: region})
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

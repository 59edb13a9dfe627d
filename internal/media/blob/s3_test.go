package blob_test

import (
	"strings"
	"testing"

	"lifecircle/internal/media/blob"
	"lifecircle/internal/media/blob/blobtest"
)

func s3(t *testing.T, o blob.S3Options) *blob.S3 {
	t.Helper()
	s, err := blob.NewS3(o)
	must(t, err)
	return s
}

// TestTheServerKnowsUs: the server checks signatures, and errors say which
// bucket but no keys.
func TestTheServerKnowsUs(t *testing.T) {
	t.Parallel()
	o := blobtest.StartS3(t)
	must(t, s3(t, o).Check(t.Context()))
	data := []byte("secret or not")

	forged := o
	forged.SecretKey = "another secret"
	elsewhere := o
	elsewhere.Bucket = "no-such-bucket"
	for name, o := range map[string]blob.S3Options{"a forged signature": forged, "no bucket": elsewhere} {
		s := s3(t, o)
		err1, err2 := s.Check(t.Context()), s.Put(t.Context(), blob.Key(data, "jpg"), "image/jpeg", data)
		_, _, err3 := s.Open(t.Context(), blob.Key(data, "jpg"))
		for i, err := range []error{err1, err2, err3} {
			if err == nil {
				t.Errorf("%s: call %d was answered", name, i)
			} else if strings.Contains(err.Error(), o.SecretKey) {
				t.Errorf("%s: the secret is in %v", name, err)
			}
		}
	}
}

func TestSettingsOfS3AreChecked(t *testing.T) {
	t.Parallel()
	good := blob.S3Options{Endpoint: "https://s3.example", Region: "x", Bucket: "photos", AccessKey: "a", SecretKey: "b"}
	if _, err := blob.NewS3(good); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(o *blob.S3Options){
		"no scheme": func(o *blob.S3Options) { o.Endpoint = "s3.example" }, "a path": func(o *blob.S3Options) { o.Endpoint += "/photos" },
		"another scheme": func(o *blob.S3Options) { o.Endpoint = "ftp://s3.example" }, "keys in it": func(o *blob.S3Options) { o.Endpoint = "https://a:b@s3.example" },
		"no region": func(o *blob.S3Options) { o.Region = "" }, "no bucket": func(o *blob.S3Options) { o.Bucket = "" },
		"no access key": func(o *blob.S3Options) { o.AccessKey = "" }, "no secret": func(o *blob.S3Options) { o.SecretKey = "" },
	} {
		o := good
		change(&o)
		if _, err := blob.NewS3(o); err == nil {
			t.Errorf("%s was taken", name)
		}
	}
}

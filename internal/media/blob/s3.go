package blob

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
)

// S3Options say which bucket of which server. All are needed but PathStyle.
type S3Options struct {
	Endpoint  string // http or https URL without a path, such as https://s3.eu-central-1.amazonaws.com
	Region    string // such as eu-central-1; many other servers take any
	Bucket    string // must be there, and should be private: what people may see is decided by who asks us
	AccessKey string
	SecretKey string
	PathStyle bool // the bucket in the path, not in the host's name: most servers but Amazon's
}

const (
	s3Timeout = 30 * time.Second // one call, its retries included; reading an object is bound by the caller's context
	s3Retries = 3                // calls that a server or the network failed
)

// S3 keeps blobs as objects of a bucket.
type S3 struct {
	client *minio.Client
	bucket string
}

// NewS3 checks the options; it asks the server nothing. Check does.
func NewS3(o S3Options) (*S3, error) {
	at, err := url.Parse(o.Endpoint)
	if err != nil || at.Host == "" || at.Scheme != "http" && at.Scheme != "https" || at.User != nil || at.Path != "" && at.Path != "/" {
		return nil, errors.New("the S3 endpoint must be a URL such as https://host or http://host:port")
	}
	for name, value := range map[string]string{"region": o.Region, "bucket": o.Bucket, "access key": o.AccessKey, "secret key": o.SecretKey} {
		if value == "" {
			return nil, fmt.Errorf("the S3 %s is missing", name)
		}
	}
	lookup := minio.BucketLookupDNS
	if o.PathStyle {
		lookup = minio.BucketLookupPath
	}
	client, err := minio.New(at.Host, &minio.Options{
		Creds:  credentials.NewStaticV4(o.AccessKey, o.SecretKey, ""),
		Secure: at.Scheme == "https", Region: o.Region, BucketLookup: lookup, MaxRetries: s3Retries,
	})
	if err != nil {
		return nil, fmt.Errorf("S3 client: %w", err)
	}
	return &S3{client: client, bucket: o.Bucket}, nil
}

// Check tells whether the bucket is there and may be used with our keys.
func (s *S3) Check(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, s3Timeout)
	defer cancel()
	found, err := s.client.BucketExists(ctx, s.bucket)
	if err != nil {
		return fmt.Errorf("ask S3 for bucket %s: %w", s.bucket, err)
	}
	if !found {
		return fmt.Errorf("S3 has no bucket %s", s.bucket)
	}
	return nil
}

// Put sends the object with its MD5, so that the server refuses what the
// network changed. Sent twice it is the same object.
func (s *S3) Put(ctx context.Context, key, contentType string, data []byte) error {
	if err := checkPut(key, data); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, s3Timeout)
	defer cancel()
	_, err := s.client.PutObject(ctx, s.bucket, key, bytes.NewReader(data), int64(len(data)), minio.PutObjectOptions{
		ContentType: contentType, SendContentMd5: true, DisableMultipart: true,
	})
	if err != nil {
		return fmt.Errorf("keep %s in S3: %w", key, err)
	}
	return nil
}

// Open asks for the object; its bytes come as they are read.
func (s *S3) Open(ctx context.Context, key string) (io.ReadSeekCloser, int64, error) {
	if err := checkKey(key); err != nil {
		return nil, 0, err
	}
	object, err := s.client.GetObject(ctx, s.bucket, key, minio.GetObjectOptions{})
	if err != nil {
		return nil, 0, fmt.Errorf("open %s in S3: %w", key, err)
	}
	info, err := object.Stat()
	if err == nil {
		return object, info.Size, nil
	}
	_ = object.Close()
	if minio.ToErrorResponse(err).StatusCode == http.StatusNotFound && minio.ToErrorResponse(err).Code == minio.NoSuchKey {
		return nil, 0, ErrMissing
	}
	return nil, 0, fmt.Errorf("open %s in S3: %w", key, err)
}

// Delete removes the object; S3 calls it no error if there is none.
func (s *S3) Delete(ctx context.Context, key string) error {
	if err := checkKey(key); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, s3Timeout)
	defer cancel()
	if err := s.client.RemoveObject(ctx, s.bucket, key, minio.RemoveObjectOptions{}); err != nil {
		return fmt.Errorf("delete %s in S3: %w", key, err)
	}
	return nil
}

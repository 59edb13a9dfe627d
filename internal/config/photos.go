package config

import (
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
)

// Photos says where the files of photos lie, and who looks at them.
type Photos struct {
	MediaDir   string `name:"media-dir" env:"LIFECIRCLE_MEDIA_DIR" type:"path" placeholder:"DIR" help:"Where files of photos lie; by default media in the data directory. Several nodes need the same folder, or a bucket."`
	S3         S3     `embed:"" prefix:"s3-"`
	Classifier string `name:"photo-classifier" env:"LIFECIRCLE_PHOTO_CLASSIFIER" placeholder:"URL" help:"A service that is asked of each photo: POST of a JPEG, answered with {\"sensitive\": true or false}."`
}

// S3 is a bucket for files of photos.
type S3 struct {
	Endpoint  string `name:"endpoint" env:"LIFECIRCLE_S3_ENDPOINT" placeholder:"https://..." help:"A store that speaks S3, for files of photos."`
	Region    string `name:"region" env:"LIFECIRCLE_S3_REGION" default:"us-east-1" help:"Its region; many stores take any."`
	Bucket    string `name:"bucket" env:"LIFECIRCLE_S3_BUCKET" placeholder:"NAME" help:"The bucket; it is there and private."`
	AccessKey Secret `name:"access-key" env:"LIFECIRCLE_S3_ACCESS_KEY" placeholder:"KEY" help:"Its access key."`
	SecretKey Secret `name:"secret-key" env:"LIFECIRCLE_S3_SECRET_KEY" placeholder:"KEY" help:"Its secret key."`
	PathStyle bool   `name:"path-style" env:"LIFECIRCLE_S3_PATH_STYLE" help:"The bucket stands in the path of addresses, not in the host: so do most stores but Amazon's."`
}

// Used tells whether a bucket is set up.
func (s S3) Used() bool { return s.Endpoint != "" }

// Folder is where files lie if there is no bucket.
func (p Photos) Folder(d Database) string {
	if p.MediaDir != "" {
		return p.MediaDir
	}
	return filepath.Join(d.DataDir, "media")
}

func (p *Photos) check() error {
	s := p.S3
	switch {
	case !allOrNone(s.Endpoint, s.Bucket, s.AccessKey.Reveal(), s.SecretKey.Reveal()):
		return errors.New("S3 is set up by halves; it takes LIFECIRCLE_S3_ENDPOINT, _BUCKET, _ACCESS_KEY and _SECRET_KEY")
	case s.Used() && p.MediaDir != "":
		return errors.New("files of photos lie in a folder or in a bucket, not in both: set LIFECIRCLE_MEDIA_DIR or LIFECIRCLE_S3_ENDPOINT")
	}
	for name, address := range map[string]string{"LIFECIRCLE_S3_ENDPOINT": s.Endpoint, "LIFECIRCLE_PHOTO_CLASSIFIER": p.Classifier} {
		u, err := url.Parse(address)
		if address != "" && (err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "") {
			return fmt.Errorf("%s is not a URL like https://example.org", name)
		}
	}
	return nil
}

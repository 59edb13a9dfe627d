package app

import (
	"context"
	"fmt"

	"lifecircle/internal/media"
	"lifecircle/internal/media/blob"
)

// joinMedia opens the store of photos and makes their service.
func (a *App) joinMedia(ctx context.Context) error {
	s, p := a.Config.Server, &a.product
	if err := a.openFiles(ctx); err != nil {
		return err
	}
	var classifier *media.ClassifierAPI
	if s.Classifier != "" {
		classifier = media.NewClassifier(s.Classifier)
		a.onClose(func() error { classifier.Close(); return nil })
	}
	p.photos = media.New(a.db.Pool, media.Options{
		Store: p.files, Classifier: classifier, Unlimited: s.Dev, Log: a.Log, Count: a.metrics.photo,
	})
	return nil
}

// openFiles opens the bucket or folder that the settings name.
func (a *App) openFiles(ctx context.Context) error {
	s := a.Config.Server
	if c := s.S3; c.Used() {
		bucket, err := blob.NewS3(blob.S3Options{
			Endpoint: c.Endpoint, Region: c.Region, Bucket: c.Bucket, AccessKey: c.AccessKey.Reveal(), SecretKey: c.SecretKey.Reveal(), PathStyle: c.PathStyle,
		})
		if err == nil {
			err = bucket.Check(ctx)
		}
		if err != nil {
			return fmt.Errorf("photos cannot be kept: %w", err)
		}
		a.product.files = bucket
		return nil
	}
	folder, err := blob.NewDisk(s.Folder(a.Config.Database))
	if err != nil {
		return fmt.Errorf("photos cannot be kept: %w", err)
	}
	a.onClose(folder.Close)
	a.product.files = folder
	if s.RedisURL != "" && s.MediaDir == "" {
		a.Log.Warn("photos lie in a folder of this node; other nodes need it, too: set LIFECIRCLE_MEDIA_DIR to a shared one, or LIFECIRCLE_S3_ENDPOINT")
	}
	return nil
}

// filesPlace says where photos lie.
func (a *App) filesPlace() string {
	s := a.Config.Server
	if s.S3.Used() {
		return fmt.Sprintf("bucket %s at %s", s.S3.Bucket, s.S3.Endpoint)
	}
	return s.Folder(a.Config.Database)
}

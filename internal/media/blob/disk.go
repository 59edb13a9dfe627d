package blob

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"time"
)

// Disk keeps blobs as files below a folder. A file appears under its name only
// when all of it is on the disk.
type Disk struct {
	root *os.Root // nothing outside of it can be reached, by whatever name or link
}

const (
	filePerm   = 0o600
	folderPerm = 0o700
	tmpFolder  = "tmp"     // of files being written; no key begins so
	tmpStale   = time.Hour // older ones were left by a crash
)

// NewDisk opens the folder, makes it if it is not there, and removes what a
// process that is gone did not finish.
func NewDisk(folder string) (*Disk, error) {
	if err := os.MkdirAll(folder, folderPerm); err != nil {
		return nil, fmt.Errorf("open the folder of blobs: %w", err)
	}
	root, err := os.OpenRoot(folder)
	if err != nil {
		return nil, fmt.Errorf("open the folder of blobs: %w", err)
	}
	d := &Disk{root: root}
	if err := d.sweep(time.Now().Add(-tmpStale)); err != nil {
		return nil, errors.Join(fmt.Errorf("sweep the folder of blobs: %w", err), d.Close())
	}
	return d, nil
}

func (d *Disk) sweep(before time.Time) error {
	if err := d.root.Mkdir(tmpFolder, folderPerm); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	entries, err := fs.ReadDir(d.root.FS(), tmpFolder)
	if err != nil {
		return err
	}
	for _, e := range entries {
		info, err := e.Info()
		if err != nil || !info.ModTime().Before(before) {
			continue // finished meanwhile, or at work
		}
		if err := d.root.Remove(tmpFolder + "/" + e.Name()); err != nil {
			return err
		}
	}
	return nil
}

// Close lets go of the folder. Files that are open stay readable.
func (d *Disk) Close() error { return d.root.Close() }

// Put writes, syncs and renames, then syncs the folders that changed.
func (d *Disk) Put(ctx context.Context, key, _ string, data []byte) error {
	if err := checkPut(key, data); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if info, err := d.root.Stat(key); err == nil && info.Size() == int64(len(data)) {
		return d.sync(path.Dir(key)) // it may be there only just: by one who has not synced yet
	}
	if err := d.write(key, data); err != nil {
		return fmt.Errorf("keep %s: %w", key, err)
	}
	return nil
}

func (d *Disk) write(key string, data []byte) (err error) {
	tmp := tmpFolder + "/" + rand.Text()
	f, err := d.root.OpenFile(tmp, os.O_CREATE|os.O_EXCL|os.O_WRONLY, filePerm)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = d.root.Remove(tmp)
		}
	}()
	_, err = f.Write(data)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	folder := path.Dir(key)
	if err = d.root.Mkdir(folder, folderPerm); err == nil {
		err = d.sync(".")
	}
	if err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	if err = d.root.Rename(tmp, key); err != nil {
		return err
	}
	return d.sync(folder)
}

// sync makes the names in a folder durable.
func (d *Disk) sync(folder string) error {
	f, err := d.root.Open(folder)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// Open returns the file.
func (d *Disk) Open(ctx context.Context, key string) (io.ReadSeekCloser, int64, error) {
	if err := checkKey(key); err != nil {
		return nil, 0, err
	}
	if err := ctx.Err(); err != nil {
		return nil, 0, err
	}
	f, err := d.root.Open(key)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, 0, ErrMissing
	}
	if err != nil {
		return nil, 0, fmt.Errorf("open %s: %w", key, err)
	}
	info, err := f.Stat()
	if err != nil {
		return nil, 0, errors.Join(fmt.Errorf("open %s: %w", key, err), f.Close())
	}
	return f, info.Size(), nil
}

// Delete removes the file. It is gone for readers at once, and for good with
// the next sync of its folder: after a crash it may be there again.
func (d *Disk) Delete(ctx context.Context, key string) error {
	if err := checkKey(key); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := d.root.Remove(key); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("delete %s: %w", key, err)
	}
	return nil
}

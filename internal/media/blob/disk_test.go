package blob_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"lifecircle/internal/media/blob"
)

func TestFilesAreOurs(t *testing.T) {
	t.Parallel()
	folder := filepath.Join(t.TempDir(), "deep", "photos")
	d, err := blob.NewDisk(folder)
	must(t, err)
	key := put(t, d, []byte("private"))
	for path, want := range map[string]fs.FileMode{".": 0o700, "tmp": 0o700, filepath.Dir(key): 0o700, key: 0o600} {
		info, err := os.Stat(filepath.Join(folder, path))
		must(t, err)
		if info.Mode().Perm() != want {
			t.Errorf("%s has mode %o", path, info.Mode().Perm())
		}
	}
	left, err := os.ReadDir(filepath.Join(folder, "tmp"))
	must(t, errors.Join(err, d.Close()))
	if len(left) > 0 {
		t.Errorf("%v is left", left)
	}
}

// TestWhatACrashLeftIsSwept, and not what another process has at work.
func TestWhatACrashLeftIsSwept(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	must(t, os.Mkdir(filepath.Join(folder, "tmp"), 0o700))
	old, young := filepath.Join(folder, "tmp", "OLD"), filepath.Join(folder, "tmp", "YOUNG")
	must(t, os.WriteFile(old, []byte("half"), 0o600))
	must(t, os.WriteFile(young, []byte("half"), 0o600))
	yesterday := time.Now().Add(-24 * time.Hour)
	must(t, os.Chtimes(old, yesterday, yesterday))
	d, err := blob.NewDisk(folder)
	must(t, err)
	must(t, d.Close())
	if _, err := os.Stat(old); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the old one: %v", err)
	}
	if _, err := os.Stat(young); err != nil {
		t.Errorf("the young one: %v", err)
	}
}

// TestAHalfFileIsReplaced: the sizes differ, so it is not what was put.
func TestAHalfFileIsReplaced(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	d, err := blob.NewDisk(folder)
	must(t, err)
	data := []byte("all of it")
	key := put(t, d, data)
	must(t, os.WriteFile(filepath.Join(folder, key), data[:3], 0o600))
	holds(t, d, put(t, d, data), data)
	must(t, d.Close())
}

func TestAFailedPutLeavesNothing(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	d, err := blob.NewDisk(folder)
	must(t, err)
	data := []byte("nowhere to go")
	key := blob.Key(data, "jpg")
	must(t, os.WriteFile(filepath.Join(folder, filepath.Dir(key)), nil, 0o600)) // a file where the folder should be
	if err := d.Put(t.Context(), key, "image/jpeg", data); err == nil {
		t.Error("it went somewhere")
	}
	left, err := os.ReadDir(filepath.Join(folder, "tmp"))
	must(t, errors.Join(err, d.Close()))
	if len(left) > 0 {
		t.Errorf("%v is left", left)
	}
}

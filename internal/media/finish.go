package media

import (
	"context"
	"fmt"
	"io"

	"github.com/jackc/pgx/v5"

	"lifecircle/internal/id"
	"lifecircle/internal/media/picture"
)

// Finished is a picture whose files are in the store, and which may become many
// photos, for those who write a world in bulk. A sweep deletes the files unless
// photos refer to them within an hour.
type Finished struct {
	Width, Height int
	Blurhash      string
	Files         []FinishedFile
}

// FinishedFile is one of its sizes.
type FinishedFile struct {
	Size          picture.Size
	Key           string
	Width, Height int
	Bytes         int64
}

// Finish makes a picture of a file, and brings its files into the store.
func (s *Service) Finish(ctx context.Context, file io.ReadSeeker) (Finished, error) {
	pic, err := s.workshop.Make(ctx, file)
	if err != nil {
		return Finished{}, err
	}
	p := newPhoto{pic: pic}
	if err := s.putFiles(ctx, &p); err != nil {
		return Finished{}, err
	}
	f := Finished{Width: pic.Width, Height: pic.Height, Blurhash: pic.Blurhash}
	for i, r := range pic.Renditions {
		f.Files = append(f.Files, FinishedFile{r.Size, p.keys[i], r.Width, r.Height, int64(len(r.Data))})
	}
	return f, nil
}

// Photo is the picture as a photo of this id.
func (f Finished) Photo(photo id.ID) Photo {
	files := map[picture.Size]File{}
	for _, file := range f.Files {
		files[file.Size] = File{key: file.Key}
	}
	return Photo{ID: photo, Width: f.Width, Height: f.Height, Blurhash: f.Blurhash, URLs: sizesOf(files).urls(), Review: Unasked}
}

// Tie keeps the files of pictures from being swept, in a transaction that
// writes photos of them.
func Tie(ctx context.Context, tx pgx.Tx, pictures []Finished) error {
	var keys []string
	for _, f := range pictures {
		for _, file := range f.Files {
			keys = append(keys, file.Key)
		}
	}
	if _, err := tx.Exec(ctx, `SELECT FROM photo_blobs WHERE key = ANY($1::text[]) ORDER BY key FOR UPDATE`, keys); err != nil {
		return fmt.Errorf("lock the files of %d pictures: %w", len(pictures), err)
	}
	if _, err := tx.Exec(ctx, `UPDATE photo_blobs SET loose_at = NULL WHERE key = ANY($1::text[])`, keys); err != nil {
		return fmt.Errorf("tie the files of %d pictures: %w", len(pictures), err)
	}
	return nil
}

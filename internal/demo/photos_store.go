package demo

import "encoding/json"

// photoTables lays out whose photos there are, and their files.
func (p *plan) photoTables() []*table {
	photos := &table{name: "photos", columns: []string{"id", "owner_id", "width", "height", "blurhash", "circle_id", "post_id", "created_at"}}
	sizes := &table{name: "photo_sizes", columns: []string{"photo_id", "size", "key", "width", "height", "bytes"}}
	for _, c := range p.circles {
		for _, post := range c.posts {
			for i, ph := range post.Photos {
				photos.add(ph.ID, post.Author.ID, ph.Width, ph.Height, ph.Blurhash, c.ID, post.ID.Post, post.CreatedAt)
				for _, f := range p.pictures[post.scenes[i]].Files {
					sizes.add(ph.ID, string(f.Size), f.Key, f.Width, f.Height, f.Bytes)
				}
			}
		}
	}
	return []*table{photos, sizes}
}

// storedPhotos is what the post's row says of its photos, as the feed writes it.
func (p *plannedPost) storedPhotos() any {
	if len(p.Photos) == 0 {
		return nil
	}
	raw, err := json.Marshal(p.Photos)
	if err != nil {
		panic(err) // resources of the API always marshal
	}
	return string(raw)
}

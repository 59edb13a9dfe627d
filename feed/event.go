package feed

import (
	"bytes"
	"encoding/json"
	"fmt"

	"lifecircle/internal/id"
)

// event is what the log keeps and sockets carry: one line of JSON with a type.
type event struct {
	Type      string      `json:"type"`
	Post      *Post       `json:"post,omitempty"`
	PostID    *id.Post    `json:"post_id,omitempty"`
	Comment   *Comment    `json:"comment,omitempty"`
	CommentID *id.Comment `json:"comment_id,omitempty"`
	Circle    *Circle     `json:"circle,omitempty"`
}

// The types of events.
const (
	postCreated    = "post.created"
	postUpdated    = "post.updated"
	postDeleted    = "post.deleted"
	commentCreated = "comment.created"
	commentDeleted = "comment.deleted"
	circleUpdated  = "circle.updated"
	tipCreated     = "tip.created"
)

func (e event) encode() ([]byte, error) {
	var line bytes.Buffer
	enc := json.NewEncoder(&line)
	enc.SetEscapeHTML(false) // clients show text as text
	if err := enc.Encode(e); err != nil {
		return nil, fmt.Errorf("encode %s: %w", e.Type, err)
	}
	return bytes.TrimSuffix(line.Bytes(), []byte("\n")), nil
}

// append adds an event to the circle's log in this batch.
func (b *batch) append(circle id.ID, e event) error {
	data, err := e.encode()
	if err != nil {
		return err
	}
	b.heads.Append(circle, data)
	return nil
}

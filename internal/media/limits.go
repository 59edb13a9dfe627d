package media

import "time"

// Limits of what people may upload; served at /v1/limits. Those of a single
// file are in internal/media/picture.
const (
	MaxUploads  = 20             // of one person, unfinished and touched within idleUpload; those that begin at the same moment may pass it by one each
	MaxDayBytes = 1 << 30        // of one person's uploads in 24 hours; likewise
	UploadLife  = 24 * time.Hour // from its beginning; then it is forgotten, finished or not
	UnusedLife  = 24 * time.Hour // of a photo that no post has taken

	idleUpload = 10 * time.Minute // an upload that rests longer keeps nobody from another one
	goneGrace  = time.Hour        // from the end of a post to that of its photos: a reader may be looking
	looseGrace = time.Hour        // of a file to which nobody refers; longer than the making of a photo may take
)

// How the bytes are taken.
const (
	firstPiece   = 64 << 10         // enough for the header of almost every file
	pieceBytes   = 256 << 10        // kept in one transaction; as much memory is taken by each upload under way
	piecesAtOnce = 4                // such transactions of a node; other uploads wait, so that commits find connections
	keepTime     = 10 * time.Second // for one piece, also when its sender is gone
)

// How pictures are made.
const (
	claimTime = 10 * time.Second // a node that is silent for longer has lost its work to another
	renewTime = 3 * time.Second
	makeTime  = 2 * time.Minute // of one picture, waiting for a free hand and the store included
	lookEvery = 2 * time.Second // for uploads that other nodes have left behind
	askEvery  = time.Second     // whether another node has made what somebody waits for
)

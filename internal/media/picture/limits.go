package picture

// What is accepted. Both are judged before anything is decoded.
const (
	MaxBytes  = 20 << 20   // bytes of an uploaded file
	MaxPixels = 40_000_000 // width times height, as stored
	MaxSide   = 32_000     // pixels of the longer side, as stored
)

// Accepted names the kinds for people.
const Accepted = "JPEG, PNG, WebP, GIF"

// Size is the name of a rendition.
type Size string

// The sizes, smallest first. A picture is never enlarged.
const (
	Phone  Size = "phone"
	Screen Size = "screen"
	Full   Size = "full"
)

// format says how large a rendition may be and how it is encoded.
type format struct {
	size    Size
	side    int // pixels of its longer side, at most
	quality int // of its JPEG, 1 to 100
}

// formats, largest first: each is made from the one before it.
var formats = []format{
	{Full, 2560, 85},
	{Screen, 1280, 82},
	{Phone, 640, 80},
}

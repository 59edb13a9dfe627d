package picture

// What is accepted. All of it is judged before anything is decoded.
const (
	MaxBytes  = 20 << 20   // bytes of an uploaded file
	MaxPixels = 40_000_000 // width times height, as stored
	MaxSide   = 32_000     // pixels of the longer side, as stored
	MaxMemory = 1 << 30    // bytes, Header.Memory: what lies within the other limits takes less
)

// Accepted names the kinds for people.
const Accepted = "JPEG, PNG, WebP, GIF"

const (
	maxScans = 100     // of a progressive JPEG; each may go over all its pixels, encoders write some ten
	maxNote  = 1 << 18 // bytes of a colour profile, or of EXIF; longer profiles are tables for printing, which we do not use
)

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

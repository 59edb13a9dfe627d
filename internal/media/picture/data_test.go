package picture_test

import (
	"bytes"
	"fmt"
	"image"
	_ "image/gif"
	_ "image/png"
	"maps"
	"os"
	"path/filepath"
	"testing"

	_ "golang.org/x/image/webp"

	"lifecircle/internal/media/picture"
	"lifecircle/internal/problem"
)

// TestEveryFileGivesAPictureOrAClearError counts, folder by folder, what comes
// of the files; what it must be of single ones stands below.
func TestEveryFileGivesAPictureOrAClearError(t *testing.T) {
	dir := photos(t)
	type counts map[problem.Code]int // "" stands for pictures
	const unreadable, unsupported, pixels = problem.PhotoUnreadable, problem.PhotoKindUnsupported, problem.PhotoTooManyPixels
	for folder, want := range map[string]counts{
		"orientation":           {"": 9},
		"gps":                   {"": 2},
		"misc":                  {"": 15},
		"heic":                  {unsupported: 2},
		"bombs":                 {pixels: 1},
		"malformed":             {"": 3, pixels: 1},
		"malformed/gofuzz-gif":  {"": 25, unsupported: 1, pixels: 3, unreadable: 31},
		"malformed/gofuzz-jpeg": {"": 4, unsupported: 2, pixels: 1, unreadable: 53},
		"malformed/gofuzz-png":  {"": 5, unsupported: 1, pixels: 2, unreadable: 52},
		"malformed/gofuzz-webp": {"": 7, unsupported: 2, pixels: 1, unreadable: 50},
	} {
		t.Run(folder, func(t *testing.T) {
			entries, err := os.ReadDir(filepath.Join(dir, folder))
			if err != nil {
				t.Fatal(err)
			}
			got := counts{}
			for _, e := range entries {
				if !e.IsDir() {
					data := read(t, dir, folder, e.Name())
					_, err := make1(t, data)
					got[codeOf(err)]++
					noStricter(t, e.Name(), data, err)
				}
			}
			if !maps.Equal(got, want) {
				t.Errorf("got %v, want %v", got, want)
			}
		})
	}
}

// noStricter holds that we read whatever the decoders do, if it is not too large.
func noStricter(t *testing.T, name string, data []byte, err error) {
	t.Helper()
	if code := codeOf(err); code == "" || code == problem.PhotoTooManyPixels {
		return
	}
	if m, kind, other := image.Decode(bytes.NewReader(data)); other == nil && !m.Bounds().Empty() {
		t.Errorf("%s is a %s of %v, but we say %v", name, kind, m.Bounds(), err)
	}
}

func TestOrientationExamplesLookTheSame(t *testing.T) {
	dir := photos(t)
	picturesOf := func(i int) image.Image {
		p, err := make1(t, read(t, dir, "orientation", fmt.Sprintf("Landscape_%d.jpg", i)))
		if err != nil {
			t.Fatal(err)
		}
		if p.Width != 1800 || p.Height != 1200 || len(p.Renditions) != 3 {
			t.Errorf("Landscape_%d: %d x %d in %d sizes", i, p.Width, p.Height, len(p.Renditions))
		}
		return decoded(t, p.Renditions[2])
	}
	upright := picturesOf(1)
	for i := range 9 { // the files were saved anew, so they differ a little
		if d := distance(t, picturesOf(i), upright); d > 3 {
			t.Errorf("Landscape_%d differs by %.1f levels", i, d)
		}
	}
}

// TestWhereItWasTakenIsGone looks for what the files say of people and places.
func TestWhereItWasTakenIsGone(t *testing.T) {
	dir := photos(t)
	for file, secret := range map[string]string{
		"gps/DSCN0010.jpg": "NIKON", "gps/DSCN0021.jpg": "NIKON", "misc/BlueSquare-xmp.jpg": "xmpmeta", "misc/Canon_40D.jpg": "Canon",
		"misc/imagers-png_iptc.png": "iptc", "misc/imagers-webp_lossless_images_simple_xmp.webp": "xmpmeta",
		"misc/imagers-jpg_exif-xmp-metadata.jpg": "xmpmeta",
	} {
		data := read(t, dir, file)
		if !bytes.Contains(data, []byte(secret)) {
			t.Errorf("%s does not say %s: it proves nothing", file, secret)
		}
		p, err := make1(t, data)
		if err != nil {
			t.Errorf("%s: %v", file, err)
		}
		for _, r := range p.Renditions {
			for _, s := range []string{secret, "Exif", "http", "GPS", "Photoshop", "ICC_PROFILE"} {
				if bytes.Contains(r.Data, []byte(s)) {
					t.Errorf("%s: the %s rendition says %s", file, r.Size, s)
				}
			}
		}
	}
}

// TestMetadataThatContradictsItselfHarmsNoPicture: the pictures are sound.
func TestMetadataThatContradictsItselfHarmsNoPicture(t *testing.T) {
	dir := photos(t)
	for _, file := range []string{"ianare-image01088.jpg", "ianare-image01551.jpg", "ianare-image01980.jpg"} {
		data := read(t, dir, "malformed", file)
		p, err := make1(t, data)
		if err != nil {
			t.Fatal(err)
		}
		m, _, err := image.Decode(bytes.NewReader(data))
		if err != nil {
			t.Fatal(err)
		}
		if d := distance(t, saved(t, m), decoded(t, p.Renditions[0])); d > 3 {
			t.Errorf("%s differs by %.1f levels", file, d)
		}
	}
}

func TestForeignKindsAreNamedWithWhatIsAccepted(t *testing.T) {
	for kind, head := range map[string]string{
		"HEIC": "\x00\x00\x00\x18ftypheic\x00\x00\x00\x00", "AVIF": "\x00\x00\x00\x18ftypavif", "Videos": "\x00\x00\x00\x18ftypisom",
		"SVG": "<svg xmlns='http://www.w3.org/2000/svg'/>", "PDF": "%PDF-1.7", "TIFF": "II*\x00", "BMP": "BM123456", "Files": "hello",
	} {
		_, err := make1(t, []byte(head))
		if p := problem.From(err); p.Code != problem.PhotoKindUnsupported || !bytes.Contains([]byte(p.Detail), []byte(kind)) ||
			!bytes.Contains([]byte(p.Detail), []byte(picture.Accepted)) {
			t.Errorf("%s: %v", kind, err)
		}
	}
	if _, err := make1(t, nil); codeOf(err) != problem.PhotoUnreadable {
		t.Errorf("an empty file: %v", err)
	}
}

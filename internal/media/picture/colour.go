package picture

import (
	"image"
	"math"
	"sync"
)

const (
	lightBits  = 14 // linear light is kept in so many bits: 13 a level of sRGB in the darkest part
	matrixBits = 12
	lightMax   = 1<<lightBits - 1
)

// conversion is a profile made into tables: 8-bit channels of the profile to
// 8-bit sRGB. What sRGB cannot show is cut off channel by channel.
type conversion struct {
	light  [3][256]int32 // 0 to lightMax
	matrix [3][3]int64   // 1 is 1<<matrixBits
}

// toSRGB converts m in place from its profile. Without a profile, and with one
// that we cannot read, a picture is taken for sRGB, as browsers do.
func toSRGB(m *image.RGBA, icc []byte) {
	p, err := parseProfile(icc)
	if err != nil {
		return
	}
	if c := newConversion(p); c != nil {
		c.apply(m)
	}
}

// newConversion returns nil for a profile that changes no colour by more than
// a level, such as sRGB itself, and for one whose numbers lead nowhere.
func newConversion(p *profile) *conversion {
	c := &conversion{}
	for i, curve := range p.curves {
		for v := range 256 {
			light := curve(float64(v) / 255)
			if math.IsNaN(light) {
				return nil
			}
			c.light[i][v] = int32(math.Round(max(0, min(1, light)) * lightMax))
		}
	}
	for i := range 3 {
		for j, v := range p.matrix[i] {
			if math.Abs(v) > 8 { // the widest profiles in use have 2
				return nil
			}
			c.matrix[i][j] = int64(math.Round(v * (1 << matrixBits)))
		}
	}
	if c.changesNothing() {
		return nil
	}
	return c
}

func (c *conversion) changesNothing() bool {
	const step = 51
	for r := 0; r < 256; r += step {
		for g := 0; g < 256; g += step {
			for b := 0; b < 256; b += step {
				p := [3]byte{byte(r), byte(g), byte(b)}
				q := p
				c.pixel(q[:])
				for i := range p {
					if d := int(p[i]) - int(q[i]); d < -1 || d > 1 {
						return false
					}
				}
			}
		}
	}
	return true
}

func (c *conversion) pixel(p []byte) {
	r, g, b := int64(c.light[0][p[0]]), int64(c.light[1][p[1]]), int64(c.light[2][p[2]])
	encode := srgb()
	for i := range 3 {
		m := &c.matrix[i]
		v := (m[0]*r + m[1]*g + m[2]*b + 1<<(matrixBits-1)) >> matrixBits
		p[i] = encode[max(0, min(lightMax, v))]
	}
}

// apply converts m in place.
func (c *conversion) apply(m *image.RGBA) {
	for p := m.Pix; len(p) >= 4; p = p[4:] {
		c.pixel(p[:3:3])
	}
}

// srgb is the table from linear light to sRGB (IEC 61966-2-1).
var srgb = sync.OnceValue(func() *[lightMax + 1]byte {
	var table [lightMax + 1]byte
	for i := range table {
		v := float64(i) / lightMax
		if v <= 0.0031308 {
			v *= 12.92
		} else {
			v = 1.055*math.Pow(v, 1/2.4) - 0.055
		}
		table[i] = byte(math.Round(v * 255))
	}
	return &table
})

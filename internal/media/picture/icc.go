package picture

import (
	"encoding/binary"
	"errors"
	"math"
)

// profile is a colour profile that is a curve for each channel and a matrix
// (ICC.1:2022, F.3): what cameras, phones and screens have. Profiles that are
// tables (printing, some scanners) have no such part.
type profile struct {
	curves [3]func(v float64) float64 // channel to linear light, both 0 to 1
	matrix [3][3]float64              // linear light to linear sRGB
}

var errProfile = errors.New("not a profile of curves and a matrix")

// xyzToSRGB leads from the connection space, whose white is D50, to linear
// sRGB: the inverse of sRGB's primaries, adapted as Bradford says.
var xyzToSRGB = [3][3]float64{
	{3.1338561, -1.6168667, -0.4906146},
	{-0.9787684, 1.9161415, 0.0334540},
	{0.0719453, -0.2289914, 1.4052427},
}

// parseProfile reads an ICC profile of RGB or grey. It takes nothing for
// granted: each place and count is checked against the data before it is used.
func parseProfile(data []byte) (*profile, error) {
	const header, entry, maxTags = 128, 12, 200
	if len(data) < header+4 || string(data[36:40]) != "acsp" || string(data[20:24]) != "XYZ " {
		return nil, errProfile
	}
	count := int(binary.BigEndian.Uint32(data[header:]))
	if count > maxTags || len(data) < header+4+count*entry {
		return nil, errProfile
	}
	tag := func(name string) []byte {
		for i := range count {
			e := data[header+4+i*entry:]
			at, size := uint64(binary.BigEndian.Uint32(e[4:])), uint64(binary.BigEndian.Uint32(e[8:]))
			if string(e[:4]) == name && at+size <= uint64(len(data)) {
				return data[at : at+size]
			}
		}
		return nil
	}
	switch string(data[16:20]) {
	case "RGB ":
		return rgbProfile(tag)
	case "GRAY":
		return greyProfile(tag)
	}
	return nil, errProfile
}

func rgbProfile(tag func(string) []byte) (*profile, error) {
	p := &profile{}
	var primaries [3][3]float64 // XYZ by channel
	for i, c := range []string{"r", "g", "b"} {
		xyz := tag(c + "XYZ")
		if len(xyz) < 20 || string(xyz[:4]) != "XYZ " {
			return nil, errProfile
		}
		for j := range 3 {
			primaries[j][i] = fixed(xyz[8+4*j:])
		}
		curve, err := parseCurve(tag(c + "TRC"))
		if err != nil {
			return nil, err
		}
		p.curves[i] = curve
	}
	for i := range 3 {
		for j := range 3 {
			for k := range 3 {
				p.matrix[i][j] += xyzToSRGB[i][k] * primaries[k][j]
			}
		}
	}
	return p, nil
}

// greyProfile has one curve and stays neutral.
func greyProfile(tag func(string) []byte) (*profile, error) {
	curve, err := parseCurve(tag("kTRC"))
	if err != nil {
		return nil, err
	}
	return &profile{
		curves: [3]func(float64) float64{curve, curve, curve},
		matrix: [3][3]float64{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}},
	}, nil
}

// parseCurve reads a tag of type curv or para.
func parseCurve(b []byte) (func(float64) float64, error) {
	if len(b) < 12 {
		return nil, errProfile
	}
	switch string(b[:4]) {
	case "curv":
		return sampledCurve(b[12:], binary.BigEndian.Uint32(b[8:]))
	case "para":
		return parametricCurve(b[12:], binary.BigEndian.Uint16(b[8:]))
	}
	return nil, errProfile
}

func sampledCurve(b []byte, count uint32) (func(float64) float64, error) {
	switch {
	case uint64(len(b)) < 2*uint64(count):
		return nil, errProfile
	case count == 0:
		return func(v float64) float64 { return v }, nil
	case count == 1:
		gamma := float64(binary.BigEndian.Uint16(b)) / 256
		return func(v float64) float64 { return math.Pow(v, gamma) }, nil
	}
	last := int(count) - 1
	sample := func(i int) float64 { return float64(binary.BigEndian.Uint16(b[2*i:])) / 65535 }
	return func(v float64) float64 {
		at := v * float64(last)
		i := min(int(at), last-1)
		part := at - float64(i)
		return sample(i)*(1-part) + sample(i+1)*part
	}, nil
}

// parametricCurve knows the five forms of ICC.1:2022, table 68.
func parametricCurve(b []byte, form uint16) (func(float64) float64, error) {
	counts := []int{1, 3, 4, 5, 7}
	if int(form) >= len(counts) || len(b) < 4*counts[form] {
		return nil, errProfile
	}
	p := make([]float64, 7)
	for i := range counts[form] {
		p[i] = fixed(b[4*i:])
	}
	g, a, c0, c, d, e, f := p[0], p[1], p[2], p[3], p[4], p[5], p[6]
	switch form {
	case 0:
		return func(v float64) float64 { return math.Pow(v, g) }, nil
	case 1, 2: // below -b/a there is nothing but c
		return func(v float64) float64 {
			if a*v+c0 < 0 {
				return c
			}
			return math.Pow(a*v+c0, g) + c
		}, nil
	}
	return func(v float64) float64 {
		if v < d {
			return c*v + f
		}
		return math.Pow(a*v+c0, g) + e
	}, nil
}

// fixed reads a signed number with 16 bits after the point.
func fixed(b []byte) float64 {
	return float64(int32(binary.BigEndian.Uint32(b))) / 65536
}

package picture

import "image"

// fit returns the size of width x height within a square of side, rounded, at
// least one pixel; never larger than it was.
func fit(width, height, side int) (int, int) {
	if long := max(width, height); long > side {
		width, height = max(1, (width*side+long/2)/long), max(1, (height*side+long/2)/long)
	}
	return width, height
}

// shrink averages areas: each pixel of the result is the mean of what it
// covers, parts of pixels counted as parts. It goes through the source once,
// row by row, so that it needs no copy of a large picture, and nothing flickers
// or breaks at any ratio. The result is opaque.
func shrink(src *rows, width, height int) *image.RGBA {
	dst := image.NewRGBA(image.Rect(0, 0, width, height))
	row := make([]byte, 3*src.width)
	if width == src.width && height == src.height {
		for y := range height {
			src.read(y, row)
			for x := range width {
				p := dst.Pix[y*dst.Stride+4*x:][:4]
				p[0], p[1], p[2], p[3] = row[3*x], row[3*x+1], row[3*x+2], 255
			}
		}
		return dst
	}
	across := newAverager(src.width, width)
	means := make([]uint32, 3*width) // of a row, 256 to a level
	sums := make([]uint32, 3*width)  // of rows, times the height of the source at most: below 2^32
	y, room := 0, src.height         // the row of the result, and how much of it is still to be covered; a source row covers `height`
	for sy := range src.height {
		src.read(sy, row)
		across.run(row, means)
		part := min(height, room)
		add(sums, means, uint32(part))
		if room -= part; room == 0 {
			finish(dst.Pix[y*dst.Stride:], sums, uint64(src.height))
			y, room = y+1, src.height
			if rest := height - part; rest > 0 {
				add(sums, means, uint32(rest))
				room -= rest
			}
		}
	}
	return dst
}

func add(sums, means []uint32, weight uint32) {
	for i, m := range means {
		sums[i] += m * weight
	}
}

// finish writes the row of which sums holds n parts of 256, and clears sums.
func finish(pix []byte, sums []uint32, n uint64) {
	half, inverse := n*128, (uint64(1)<<40)/(n*256)+1
	for x := range len(sums) / 3 {
		for c := range 3 {
			pix[4*x+c] = byte(min(255, (uint64(sums[3*x+c])+half)*inverse>>40))
			sums[3*x+c] = 0
		}
		pix[4*x+3] = 255
	}
}

// averager makes rows narrower. Each pixel of the result is `from` parts wide,
// each of the source `to` parts.
type averager struct {
	spans   []span
	to      uint32
	inverse uint64
}

// span is what one pixel of the result covers: pixels first to last, the ends
// with their parts.
type span struct {
	first, last     int
	atFirst, atLast uint32
}

func newAverager(from, to int) *averager {
	a := &averager{spans: make([]span, to), to: uint32(to), inverse: (uint64(256) << 32) / uint64(from)}
	for i := range a.spans {
		low, high := i*from, (i+1)*from
		s := span{first: low / to, last: (high - 1) / to}
		s.atFirst = uint32(min((s.first+1)*to, high) - low)
		if s.last > s.first {
			s.atLast = uint32(high - s.last*to)
		}
		a.spans[i] = s
	}
	return a
}

func (a *averager) run(row []byte, means []uint32) {
	for i, s := range a.spans {
		p := row[3*s.first : 3*s.last+3]
		r, g, b := uint32(p[0])*s.atFirst, uint32(p[1])*s.atFirst, uint32(p[2])*s.atFirst
		if s.last > s.first {
			var ri, gi, bi uint32
			inner, end := p[3:len(p)-3], p[len(p)-3:]
			for ; len(inner) >= 3; inner = inner[3:] {
				ri += uint32(inner[0])
				gi += uint32(inner[1])
				bi += uint32(inner[2])
			}
			r += ri*a.to + uint32(end[0])*s.atLast
			g += gi*a.to + uint32(end[1])*s.atLast
			b += bi*a.to + uint32(end[2])*s.atLast
		}
		means[3*i] = uint32(uint64(r) * a.inverse >> 32)
		means[3*i+1] = uint32(uint64(g) * a.inverse >> 32)
		means[3*i+2] = uint32(uint64(b) * a.inverse >> 32)
	}
}

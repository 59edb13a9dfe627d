package demo

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"io"
	"math"
	"runtime"

	"golang.org/x/sync/errgroup"

	"lifecircle/internal/media"
)

// Pictures makes what can become photos of files; a media.Service does.
type Pictures interface {
	Finish(ctx context.Context, file io.ReadSeeker) (media.Finished, error)
}

// The vistas are drawn, so that the demo has photos that nobody took. They are
// small: a start is not to wait for them.
const (
	sceneWidth, sceneHeight = 840, 560 // pixels
	sceneQuality            = 88       // of the JPEG that is handed in
)

// vista is what lies at a place of a picture; x and y run from 0 to 1.
type vista func(x, y float64) color.RGBA

// vistas by number; scenesOf refers to them.
var vistas = []vista{
	hills(rgb(0xf7c59f), rgb(0xfdf0d5), rgb(0x8d5b4c), rgb(0x2f2235), 0.7, 0.32), // at dawn
	hills(rgb(0x5fa8d3), rgb(0xdff3ff), rgb(0x7fb069), rgb(0x1f4d2c), 0.25, 0.2), // at noon
	hills(rgb(0x0b1d3a), rgb(0x31507a), rgb(0x24405c), rgb(0x05090f), 0.78, 0.2), // by the moon
	skyline(rgb(0x2b2d5b), rgb(0xf2a65a), rgb(0x14142b), rgb(0xffe08a)),          // at dusk
	skyline(rgb(0x9fc4d8), rgb(0xf4f1e8), rgb(0x6f7f8f), rgb(0xdde6ea)),          // in mist
	tiles(rgb(0x1d4e6b), rgb(0xf3ede0), rgb(0xd98c3f)),                           // of a courtyard
	terraces(rgb(0x2f5d3a), rgb(0xa7c957), rgb(0xf1f5d8)),                        // of tea
	terraces(rgb(0x6b3e26), rgb(0xd9a066), rgb(0xfbeed7)),                        // in a cup
}

// scenesOf says what people of some circles take pictures of.
var scenesOf = map[string][]int{
	"hiking": {0, 1, 2, 6}, "citywalk": {3, 4, 5}, "nightrun": {2, 3}, "tea": {6, 7}, "lane": {5, 4, 3}, "campus": {1, 4, 5}, "kitchen": {7},
}

// paint makes all vistas into pictures.
func paint(ctx context.Context, pictures Pictures) ([]media.Finished, error) {
	out := make([]media.Finished, len(vistas))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(runtime.GOMAXPROCS(0))
	for i, v := range vistas {
		g.Go(func() (err error) {
			var file bytes.Buffer
			if err := jpeg.Encode(&file, v.draw(), &jpeg.Options{Quality: sceneQuality}); err != nil {
				return fmt.Errorf("draw vista %d: %w", i, err)
			}
			if out[i], err = pictures.Finish(ctx, bytes.NewReader(file.Bytes())); err != nil {
				return fmt.Errorf("make a picture of vista %d: %w", i, err)
			}
			return nil
		})
	}
	return out, g.Wait()
}

func (v vista) draw() image.Image {
	img := image.NewRGBA(image.Rect(0, 0, sceneWidth, sceneHeight))
	for y := range sceneHeight {
		for x := range sceneWidth {
			img.SetRGBA(x, y, v(float64(x)/sceneWidth, float64(y)/sceneHeight))
		}
	}
	return img
}

// hills under a sun, or a moon, paler the farther they are.
func hills(sky, horizon, far, near color.RGBA, sunX, sunY float64) vista {
	const layers = 5
	return func(x, y float64) color.RGBA {
		for i := layers - 1; i >= 0; i-- {
			n := float64(i)
			ridge := 0.45 + 0.11*n + 0.05*math.Sin(5*x+2.1*n) + 0.025*math.Sin(13*x-1.7*n) + 0.008*math.Sin(41*x+n)
			if y > ridge {
				return mix(mix(far, near, n/(layers-1)), horizon, 0.35*math.Max(0, 1-(y-ridge)*9)*(1-n/layers))
			}
		}
		c := mix(sky, horizon, math.Min(1, y*1.7))
		d := math.Hypot((x-sunX)*1.5, y-sunY)
		return mix(c, rgb(0xfffbe8), math.Min(1, math.Max(0, 1.6-d*24))+0.35*math.Exp(-d*7))
	}
}

// skyline of a city with some windows lit.
func skyline(sky, horizon, house, light color.RGBA) vista {
	return func(x, y float64) color.RGBA {
		c := mix(sky, horizon, math.Min(1, y*1.25))
		for row := range 3 {
			width := 0.05 + 0.018*float64(row)
			k := math.Floor(x/width) + 31*float64(row)
			top := 0.32 + 0.12*float64(row) + 0.26*chance(k)
			if y < top {
				continue
			}
			c = mix(house, horizon, 0.5-0.22*float64(row))
			u, v := math.Mod(x, width)/width*5, (y-top)*38
			if fu, fv := u-math.Floor(u), v-math.Floor(v); u > 0.5 && u < 4.5 && fu > 0.3 && fu < 0.75 && fv > 0.3 && fv < 0.7 && chance(k*7+math.Floor(u)*3+math.Floor(v)) > 0.62 {
				c = mix(c, light, 0.85)
			}
		}
		return c
	}
}

// tiles in rows, each with a flower.
func tiles(dark, pale, warm color.RGBA) vista {
	return func(x, y float64) color.RGBA {
		u, v := x*9, y*6
		a, b := u-math.Floor(u)-0.5, v-math.Floor(v)-0.5
		r, t := math.Hypot(a, b), math.Atan2(b, a)
		c := mix(pale, warm, 0.12*chance(math.Floor(u)+17*math.Floor(v)))
		switch petal := 0.3 + 0.09*math.Cos(8*t); {
		case math.Abs(a) > 0.48 || math.Abs(b) > 0.48:
			return mix(dark, pale, 0.6)
		case r < 0.08:
			return dark
		case r < petal:
			return mix(warm, pale, r)
		case math.Hypot(math.Abs(a)-0.5, math.Abs(b)-0.5) < 0.2:
			return dark
		}
		return c
	}
}

// terraces are lines that follow each other, as on a hill or in a cup.
func terraces(dark, green, light color.RGBA) vista {
	return func(x, y float64) color.RGBA {
		h := 7*y + 1.4*math.Sin(3*x+1) + 0.7*math.Sin(7*x-2*y) + 0.3*math.Sin(15*x+5*y)
		step := h - math.Floor(h)
		c := mix(dark, green, step)
		if step > 0.9 {
			c = mix(c, light, (step-0.9)*8)
		}
		return mix(c, light, 0.35*math.Max(0, 0.5-y))
	}
}

func rgb(hex uint32) color.RGBA {
	return color.RGBA{uint8(hex >> 16), uint8(hex >> 8), uint8(hex), 255} //nolint:gosec // three bytes
}

// mix goes from a to b; k is cut to 0 to 1.
func mix(a, b color.RGBA, k float64) color.RGBA {
	k = math.Min(1, math.Max(0, k))
	part := func(p, q uint8) uint8 { return uint8(float64(p) + (float64(q)-float64(p))*k) }
	return color.RGBA{part(a.R, b.R), part(a.G, b.G), part(a.B, b.B), 255}
}

// chance is a number of 0 to 1 that is always the same for k.
func chance(k float64) float64 {
	_, f := math.Modf(math.Abs(math.Sin(k*12.9898) * 43758.5453))
	return f
}

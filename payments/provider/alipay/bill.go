package alipay

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"lifecircle/payments/provider"
)

const (
	maxBill     = 64 << 20       // bytes of a day's bill, packed
	maxDays     = 92             // of one Book
	billsMadeBy = 33 * time.Hour // after the beginning of a day: 9 o'clock of the next one
	noBill      = "isp.bill_not_exist"

	tradeBill   = "trade"        // payments and refunds
	accountBill = "signcustomer" // all that moves our balance: transfers are only here
)

// ErrNoBillYet is returned for a period of which Alipay has not made all bills.
var ErrNoBillYet = errors.New("alipay makes the bills of a day at 9 o'clock of the next one, Shanghai time")

// Book implements provider.Provider, from the bills of each day, Shanghai
// time, that the period touches.
func (a *Client) Book(ctx context.Context, from, to time.Time) ([]provider.Line, error) {
	if to.Sub(from) > maxDays*24*time.Hour {
		return nil, fmt.Errorf("read Alipay's bills: a period of more than %d days", maxDays)
	}
	var lines []provider.Line
	for day := midnight(from); day.Before(to); day = day.AddDate(0, 0, 1) {
		for _, kind := range []string{tradeBill, accountBill} {
			all, err := a.bill(ctx, kind, day)
			if err != nil {
				return nil, fmt.Errorf("read Alipay's %s bill of %s: %w", kind, day.Format(time.DateOnly), err)
			}
			for _, l := range all {
				if !l.At.Before(from) && l.At.Before(to) {
					lines = append(lines, l)
				}
			}
		}
	}
	return lines, nil
}

func midnight(t time.Time) time.Time {
	y, m, d := t.In(shanghai()).Date()
	return time.Date(y, m, d, 0, 0, 0, 0, shanghai())
}

// bill returns the lines of a day. A day on which nothing happened has none.
func (a *Client) bill(ctx context.Context, kind string, day time.Time) ([]provider.Line, error) {
	var answer struct {
		URL string `json:"bill_download_url"`
	}
	err := a.call(ctx, "alipay.data.dataservice.bill.downloadurl.query",
		map[string]any{"bill_type": kind, "bill_date": day.Format(time.DateOnly)}, &answer)
	if refusal(err) == noBill {
		if a.now().Sub(day) < billsMadeBy {
			return nil, ErrNoBillYet
		}
		return nil, nil
	} else if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, answer.URL, http.NoBody)
	if err != nil {
		return nil, errors.New("the address of the bill is malformed")
	}
	packed, err := a.fetch(r, maxBill)
	if err != nil {
		return nil, fmt.Errorf("download: %w", err)
	}
	return unpack(packed, kind)
}

// unpack reads the one table of details; summaries beside it have other columns.
func unpack(packed []byte, kind string) (lines []provider.Line, err error) {
	archive, err := zip.NewReader(bytes.NewReader(packed), int64(len(packed)))
	if err != nil {
		return nil, fmt.Errorf("open the archive: %w", err)
	}
	found := false
	for _, f := range archive.File {
		more, isDetail, err := readFile(f, kind)
		if err != nil {
			return nil, err
		}
		found = found || isDetail
		lines = append(lines, more...)
	}
	if !found {
		return nil, errors.New("the archive holds no table of details")
	}
	return lines, nil
}

package host

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"time"
)

// Links, leases and S3's signatures are judged by clocks. S3 refuses requests
// from 15 minutes on.
const (
	skewNoticed = 5 * time.Second
	skewTooMuch = time.Minute
)

// clocks compares this machine's with those of the database and of S3.
func (d *doctor) clocks(ctx context.Context) {
	if d.settings.Database.Postgres != "" {
		d.clock(ctx, "clock of the database", d.databaseTime)
	}
	if d.settings.S3 != nil {
		d.clock(ctx, "clock of S3", d.s3Time)
	}
}

func (d *doctor) clock(ctx context.Context, part string, ask func(context.Context) (time.Time, error)) {
	before := time.Now()
	there, err := ask(ctx)
	if err != nil {
		d.say(part, Warn, "it does not tell the time", "see what is said of the service itself")
		return
	}
	// Somewhere in between the other clock was read.
	skew := there.Sub(before.Add(time.Since(before) / 2))
	grade, advice := judgeSkew(skew)
	d.say(part, grade, fmt.Sprintf("%s from this machine's", skew.Abs().Round(time.Second)), advice)
}

func judgeSkew(skew time.Duration) (Grade, string) {
	const advice = "let NTP set the clocks of both machines"
	switch skew = skew.Abs(); {
	case skew >= skewTooMuch:
		return Fail, advice
	case skew >= skewNoticed:
		return Warn, advice
	default:
		return OK, ""
	}
}

func (d *doctor) databaseTime(ctx context.Context) (now time.Time, err error) {
	db, _, err := openDatabase(d.settings)
	if err != nil {
		return now, err
	}
	defer db.Close()
	err = db.PingContext(ctx) // so that connecting takes no part in it
	if err == nil {
		err = db.GetContext(ctx, &now, `SELECT clock_timestamp()`)
	}
	return now, err
}

// s3Time reads the Date of an answer, whatever the answer is: no credentials
// are sent.
func (d *doctor) s3Time(ctx context.Context) (time.Time, error) {
	endpoint := cmp.Or(d.settings.S3.Endpoint, "https://s3."+cmp.Or(d.settings.S3.Region, "us-east-1")+".amazonaws.com")
	request, err := http.NewRequestWithContext(ctx, http.MethodHead, endpoint, nil)
	if err != nil {
		return time.Time{}, err
	}
	client := &http.Client{Transport: &http.Transport{Proxy: http.ProxyFromEnvironment, DisableKeepAlives: true}}
	answer, err := client.Do(request)
	if err != nil {
		return time.Time{}, err
	}
	defer answer.Body.Close()
	return http.ParseTime(answer.Header.Get("Date"))
}

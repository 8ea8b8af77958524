package host

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/redis/go-redis/v9"
)

// scanner has clamd judge files whose verdict is known.
func (d *doctor) scanner(ctx context.Context) {
	const part = "scanner"
	scanning := d.settings.Scan
	switch {
	case !scanning.Enabled:
		d.say(part, Warn, "NOTHING IS SCANNED: ENABLE_VIRUS_SCAN is false", "set CLAMAV_HOST and ENABLE_VIRUS_SCAN=true")
		return
	case !scanning.HasScanner():
		d.say(part, Warn, "a demo that knows one test file", "set CLAMAV_HOST")
		return
	case len(scanning.Clamd) == 0:
		d.say(part, Warn, "VirusTotal alone, which is not asked here: it has a quota; files that it does not know are never served", "set CLAMAV_HOST too")
		return
	}
	_, daemon, err := openScanner(d.settings)
	if err != nil {
		d.say(part, Fail, err.Error(), "look at CLAMAV_HOST and CLAMAV_PORT")
		return
	}
	report, err := daemon.SelfTest(ctx)
	if err != nil {
		d.say(part, Fail, err.Error(), "look at CLAMAV_HOST and CLAMAV_PORT; is clamd up, and its StreamMaxLength at least CLAMAV_MAX_SIZE?")
	}
	for _, probe := range report.Probes {
		if probe.Passed || probe.Covered {
			continue
		}
		grade := Warn
		if slices.Contains([]string{"a clean file", "the EICAR test file"}, probe.Name) {
			grade = Fail // it does not do its work at all
		}
		d.say(part, grade, fmt.Sprintf("%s calls %s %s", probe.Address, probe.Name, probe.Got.Verdict), "in clamd.conf: "+probe.Advice)
	}
	if err == nil && report.OK() {
		d.say(part, OK, fmt.Sprintf("%d test files judged rightly", len(report.Probes)), "")
	}
	if version, err := daemon.Version(ctx); err == nil {
		if version.Signatures == "" {
			d.say("signatures", Warn, version.Engine+" has none of its makers'", "run freshclam, and again every few hours")
		} else {
			d.say("signatures", OK, version.Engine+", signatures "+version.Signatures, "")
		}
	}
}

func (d *doctor) redis(ctx context.Context) {
	const part = "redis"
	if d.settings.Redis == "" {
		if d.settings.Login != nil {
			d.say(part, Warn, "REDIS_URL is not set: each host counts its rate limits for itself", "set it if there is more than one host")
		}
		return
	}
	options, err := redis.ParseURL(string(d.settings.Redis))
	if err != nil {
		err = errors.New("REDIS_URL: not a Redis URL") // err would show it
	} else {
		client := redis.NewClient(options)
		defer client.Close()
		err = client.Ping(ctx).Err()
	}
	if err != nil {
		d.say(part, Fail, strings.TrimSpace(err.Error()), "look at REDIS_URL; until it answers, each host counts its rate limits for itself")
		return
	}
	d.say(part, OK, "answers", "")
}

package hostenv

import (
	"net"
	"strconv"
	"strings"

	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment"
	"github.com/metabuilder/workflow-plugin-attachment-handler/scan/clamd"
	"github.com/metabuilder/workflow-plugin-attachment-handler/scan/virustotal"
)

// Scan says who looks for viruses.
type Scan struct {
	Enabled bool

	Clamd        []string // addresses as clamd.New takes them; none: no clamd
	ClamdMaxSize int64    // bytes

	VirusTotalKey Secret // "": VirusTotal is not asked
	VirusTotalURL string // "": VirusTotal itself
}

// HasScanner reports whether a scanner is named.
func (s Scan) HasScanner() bool { return len(s.Clamd) > 0 || s.VirusTotalKey != "" }

func (r *reader) scan() Scan {
	return Scan{
		Enabled:       r.boolean("ENABLE_VIRUS_SCAN", true),
		Clamd:         r.clamd(),
		ClamdMaxSize:  r.integer("CLAMAV_MAX_SIZE", clamd.DefaultMaxStreamSize, attachment.MinMaxSize, attachment.MaxMaxSize),
		VirusTotalKey: r.virusTotalKey(),
		VirusTotalURL: r.baseURL("VIRUSTOTAL_BASE_URL", "https", "http"),
	}
}

func (r *reader) clamd() []string {
	port := strconv.FormatInt(r.integer("CLAMAV_PORT", 3310, 1, 65535), 10)
	addresses := r.list("CLAMAV_HOST")
	for i, host := range addresses {
		if !strings.Contains(host, "://") {
			addresses[i] = "tcp://" + net.JoinHostPort(strings.Trim(host, "[]"), port)
		}
		if _, err := clamd.New(addresses[i:i+1], nil); err != nil {
			r.fail("CLAMAV_HOST", "%.80q is neither a host name nor a tcp://, tls:// or unix:/// address", host)
		}
	}
	return addresses
}

func (r *reader) virusTotalKey() Secret {
	const key, base = "VIRUSTOTAL_API_KEY", "VIRUSTOTAL_BASE_URL"
	value := r.lookup(key)
	if value == "" {
		return ""
	}
	if _, err := virustotal.New(value, nil); err != nil {
		r.fail(key, "has characters that no key has")
	} else if _, err := virustotal.New(value, &virustotal.Options{BaseURL: r.lookup(base)}); err != nil {
		r.fail(base, "is neither an https URL nor one of this machine")
	}
	return Secret(value)
}

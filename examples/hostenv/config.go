package hostenv

import (
	"errors"
	"time"

	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment"
	"github.com/metabuilder/workflow-plugin-attachment-handler/auth"
	"github.com/metabuilder/workflow-plugin-attachment-handler/blob"
)

// A Config is what the environment says. It can be printed: no secret shows.
type Config struct {
	Database Database
	S3       *S3 // nil: blobs are files
	Scan     Scan

	MaxAttachmentSize int64 // bytes
	Retention         time.Duration

	LinkKeys     []blob.LinkKey // none: the host makes one
	LinkLifetime time.Duration
	BaseURL      string // without a slash at its end; "" if it is not set

	Login       *Login // nil: there is none, and nobody else may reach the host
	CORSOrigins []string
	Redis       Secret // URL; "" counts in process
	Proxies     auth.Proxies

	ShutdownDelay time.Duration // how long it serves on once it says that it is not ready
	MetricsAddr   string        // "": metrics are not served

	// TenantID and UserID are whom the host acts for where no caller says;
	// both may be "".
	TenantID, UserID string
}

// Load reads the settings through lookup, such as os.Getenv. Its error joins
// one *Error for each variable that is wrong; the Config is then not to be used.
func Load(lookup func(name string) string) (Config, error) {
	r := &reader{lookup: lookup, failed: map[string]bool{}}
	c := Config{
		Database: r.database(),
		S3:       r.s3(),
		Scan:     r.scan(),

		MaxAttachmentSize: r.integer("MAX_ATTACHMENT_SIZE", attachment.DefaultMaxSize, attachment.MinMaxSize, attachment.MaxMaxSize),
		Retention:         r.duration("ATTACHMENT_RETENTION_DAYS", day, attachment.DefaultRetention, day, 36500*day),

		LinkKeys: r.linkKeys(),
		LinkLifetime: r.duration("PRESIGNED_URL_EXPIRATION_SECONDS", time.Second,
			attachment.DefaultURLExpiration, attachment.MinURLExpiration, attachment.MaxURLExpiration),
		BaseURL: r.baseURL("BASE_URL", "http", "https"),

		Login:         r.login(),
		CORSOrigins:   r.origins(),
		Redis:         r.redis(),
		Proxies:       r.proxies(),
		ShutdownDelay: r.duration("SHUTDOWN_DELAY_SECONDS", time.Second, 0, 0, 5*time.Minute),
		MetricsAddr:   r.address("METRICS_ADDR"),
		TenantID:      r.uuid("TENANT_ID"),
		UserID:        r.uuid("USER_ID"),
	}
	r.together(c)
	return c, errors.Join(r.problems...)
}

const day = 24 * time.Hour

// together judges variables that need one another.
func (r *reader) together(c Config) {
	if c.Login != nil {
		// Each of two hosts would otherwise refuse the other's links.
		r.require("LINK_SIGNING_KEYS", "is required with a login (JWT_*)")
	}
	if c.Scan.Enabled && !c.Scan.HasScanner() {
		switch {
		case c.Login != nil:
			r.fail("ENABLE_VIRUS_SCAN", "is on, and a host with a login (JWT_*) needs a scanner for it: set CLAMAV_HOST or VIRUSTOTAL_API_KEY")
		case r.lookup("ENABLE_VIRUS_SCAN") != "":
			r.fail("ENABLE_VIRUS_SCAN", "needs a scanner: set CLAMAV_HOST or VIRUSTOTAL_API_KEY")
		}
	}
	r.pair("TENANT_ID", "USER_ID")
}

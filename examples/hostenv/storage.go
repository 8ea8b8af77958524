package hostenv

import (
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/lib/pq"
)

// Database says where records are. Both empty means a SQLite file of the
// host's choice.
type Database struct {
	Postgres Secret // URL
	SQLite   string // path
}

func (r *reader) database() Database {
	const name = "DATABASE_URL"
	value := r.lookup(name)
	scheme, rest, _ := strings.Cut(value, ":")
	switch {
	case value == "":
		return Database{}
	case scheme == "postgres" || scheme == "postgresql":
		if !isPostgres(value) {
			r.fail(name, "is not a PostgreSQL URL that lib/pq takes, with host and database")
		}
		return Database{Postgres: Secret(value)}
	case scheme == "sqlite":
		value = strings.TrimPrefix(rest, "//")
	case strings.ContainsAny(value, ":=") || !slices.Contains([]string{".db", ".sqlite", ".sqlite3"}, filepath.Ext(value)):
		// A connection string of another kind must not become a file's name.
		r.fail(name, "is none of: postgres://…, sqlite:PATH, a path that ends in .db, .sqlite or .sqlite3")
		return Database{}
	}
	if value == "" || strings.ContainsAny(value, "?#") || value == ":memory:" {
		r.fail(name, "does not name a file")
	}
	return Database{SQLite: value}
}

// isPostgres asks the driver, whose errors would show the password.
func isPostgres(value string) bool {
	u, err := url.Parse(value)
	if err != nil || u.Host == "" && u.Query().Get("host") == "" || strings.Trim(u.Path, "/") == "" {
		return false
	}
	_, err = pq.NewConnector(value)
	return err == nil
}

// S3 says where blobs are, if they are not files.
type S3 struct {
	Bucket   string
	Region   string // "": what the SDK finds
	Endpoint string // "": Amazon's

	// The SDK looks for credentials itself if these are empty.
	AccessKeyID                   string
	SecretAccessKey, SessionToken Secret
}

var (
	bucketName = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$`)
	regionName = regexp.MustCompile(`^[a-z0-9-]{1,40}$`)
)

func (r *reader) s3() *S3 {
	s := &S3{
		Bucket:          r.matching("AWS_S3_BUCKET", bucketName, "is not the name of a bucket"),
		Region:          r.matching("AWS_S3_REGION", regionName, "is not the name of a region"),
		Endpoint:        r.baseURL("AWS_S3_ENDPOINT", "http", "https"),
		AccessKeyID:     r.lookup("AWS_ACCESS_KEY_ID"),
		SecretAccessKey: Secret(r.lookup("AWS_SECRET_ACCESS_KEY")),
		SessionToken:    Secret(r.lookup("AWS_SESSION_TOKEN")),
	}
	if r.choice("BLOB_STORAGE_TYPE", "filesystem", "s3") == "filesystem" {
		return nil // the AWS_* may be there for other programs
	}
	r.require("AWS_S3_BUCKET", "is required with BLOB_STORAGE_TYPE=s3")
	r.pair("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
	return s
}

func (r *reader) matching(name string, pattern *regexp.Regexp, problem string) string {
	value := r.lookup(name)
	if value != "" && !pattern.MatchString(value) {
		r.fail(name, "%.80q %s", value, problem)
	}
	return value
}

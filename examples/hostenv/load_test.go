package hostenv_test

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metabuilder/workflow-plugin-attachment-handler/auth/token"
	"github.com/metabuilder/workflow-plugin-attachment-handler/examples/hostenv"
)

type env map[string]string

func (e env) get(name string) string { return e[name] }

func (e env) with(more env) env {
	all := maps.Clone(e)
	maps.Copy(all, more)
	return all
}

// secret is 40 random characters, in two pieces.
func secret() string { return rand.Text() + rand.Text()[:14] }

func TestNothingSetIsADeveloperMachine(t *testing.T) {
	c, err := hostenv.Load(env{}.get)
	require.NoError(t, err)
	require.Equal(t, hostenv.Config{
		Scan:              hostenv.Scan{Enabled: true, ClamdMaxSize: 25 << 20},
		MaxAttachmentSize: 52428800,
		Retention:         90 * 24 * time.Hour,
		LinkLifetime:      time.Hour,
	}, c)
}

// s3 and login are what these parts need at least.
var (
	s3    = env{"BLOB_STORAGE_TYPE": "s3", "AWS_S3_BUCKET": "mail"}
	login = env{"JWT_SECRET": secret(), "LINK_SIGNING_KEYS": "1:" + secret(), "ENABLE_VIRUS_SCAN": "false"}
)

// accepted has for every variable the values that stand at the edges of what
// is right, and what becomes of them.
var accepted = []struct {
	set  env
	got  func(c hostenv.Config) any
	want any
}{
	{env{"BLOB_STORAGE_TYPE": "filesystem", "AWS_S3_BUCKET": "mail"}, func(c hostenv.Config) any { return c.S3 == nil }, true},
	{s3, func(c hostenv.Config) any { return *c.S3 }, hostenv.S3{Bucket: "mail"}},
	{s3.with(env{"AWS_S3_BUCKET": "a-1.b"}), func(c hostenv.Config) any { return c.S3.Bucket }, "a-1.b"},
	{s3.with(env{"AWS_S3_REGION": "eu-central-1"}), func(c hostenv.Config) any { return c.S3.Region }, "eu-central-1"},
	{s3.with(env{"AWS_S3_ENDPOINT": "http://minio:9000/"}), func(c hostenv.Config) any { return c.S3.Endpoint }, "http://minio:9000"},
	{s3.with(env{"AWS_ACCESS_KEY_ID": "AKIA1", "AWS_SECRET_ACCESS_KEY": "k"}), func(c hostenv.Config) any { return []string{c.S3.AccessKeyID, string(c.S3.SecretAccessKey)} }, []string{"AKIA1", "k"}},
	{s3.with(env{"AWS_SESSION_TOKEN": "t"}), func(c hostenv.Config) any { return string(c.S3.SessionToken) }, "t"},
	{env{"AWS_ACCESS_KEY_ID": "of another program"}, func(c hostenv.Config) any { return c.S3 == nil }, true},

	{env{"MAX_ATTACHMENT_SIZE": "1024"}, func(c hostenv.Config) any { return c.MaxAttachmentSize }, int64(1024)},
	{env{"MAX_ATTACHMENT_SIZE": "5368709120"}, func(c hostenv.Config) any { return c.MaxAttachmentSize }, int64(5 << 30)},
	{env{"ATTACHMENT_RETENTION_DAYS": "1"}, func(c hostenv.Config) any { return c.Retention }, 24 * time.Hour},
	{env{"ATTACHMENT_RETENTION_DAYS": "36500"}, func(c hostenv.Config) any { return c.Retention }, 36500 * 24 * time.Hour},
	{env{"PRESIGNED_URL_EXPIRATION_SECONDS": "60"}, func(c hostenv.Config) any { return c.LinkLifetime }, time.Minute},
	{env{"PRESIGNED_URL_EXPIRATION_SECONDS": "604800"}, func(c hostenv.Config) any { return c.LinkLifetime }, 7 * 24 * time.Hour},

	{env{"DATABASE_URL": "postgres://u:p@db:5432/mail?sslmode=require"}, func(c hostenv.Config) any { return string(c.Database.Postgres) }, "postgres://u:p@db:5432/mail?sslmode=require"},
	{env{"DATABASE_URL": "postgresql:///mail?host=/run/postgresql"}, func(c hostenv.Config) any { return c.Database.Postgres != "" }, true},
	{env{"DATABASE_URL": "sqlite:records"}, func(c hostenv.Config) any { return c.Database }, hostenv.Database{SQLite: "records"}},
	{env{"DATABASE_URL": "sqlite:///var/lib/records"}, func(c hostenv.Config) any { return c.Database }, hostenv.Database{SQLite: "/var/lib/records"}},
	{env{"DATABASE_URL": "data/records.db"}, func(c hostenv.Config) any { return c.Database }, hostenv.Database{SQLite: "data/records.db"}},

	{env{"ENABLE_VIRUS_SCAN": "false"}, func(c hostenv.Config) any { return c.Scan.Enabled }, false},
	{env{"ENABLE_VIRUS_SCAN": "True", "CLAMAV_HOST": "clamav"}, func(c hostenv.Config) any { return c.Scan.Enabled }, true},
	{env{"CLAMAV_HOST": "clamav"}, func(c hostenv.Config) any { return c.Scan.Clamd }, []string{"tcp://clamav:3310"}},
	{env{"CLAMAV_HOST": "a, ::1,unix:///run/clamd.sock", "CLAMAV_PORT": "65535"}, func(c hostenv.Config) any { return c.Scan.Clamd }, []string{"tcp://a:65535", "tcp://[::1]:65535", "unix:///run/clamd.sock"}},
	{env{"CLAMAV_HOST": "clamav", "CLAMAV_PORT": "1"}, func(c hostenv.Config) any { return c.Scan.Clamd }, []string{"tcp://clamav:1"}},
	{env{"CLAMAV_MAX_SIZE": "104857600"}, func(c hostenv.Config) any { return c.Scan.ClamdMaxSize }, int64(100 << 20)},
	{env{"VIRUSTOTAL_API_KEY": "0123abcd"}, func(c hostenv.Config) any { return string(c.Scan.VirusTotalKey) }, "0123abcd"},
	{env{"VIRUSTOTAL_API_KEY": "k", "VIRUSTOTAL_BASE_URL": "https://vt.example.com/api/v3"}, func(c hostenv.Config) any { return c.Scan.VirusTotalURL }, "https://vt.example.com/api/v3"},

	{env{"LINK_SIGNING_KEYS": "new:" + strings.Repeat("abcd", 8) + ",old:" + strings.Repeat("efgh", 8)}, func(c hostenv.Config) any { return fmt.Sprint(c.LinkKeys) }, "[LinkKey(new) LinkKey(old)]"},
	{env{"BASE_URL": "https://mail.example.com/files/"}, func(c hostenv.Config) any { return c.BaseURL }, "https://mail.example.com/files"},

	{login, func(c hostenv.Config) any { return c.Login != nil }, true},
	{login.with(env{"JWT_ISSUER": "https://login", "JWT_AUDIENCE": "mail", "JWT_KEY_ID": "7"}), func(c hostenv.Config) any { return c.Login.Issuer + c.Login.Audience }, "https://loginmail"},
	{login.with(env{"JWT_SECRET": "", "JWT_JWKS_URL": "https://login/jwks"}), func(c hostenv.Config) any { return fmt.Sprintf("%T", c.Login.Keys) }, "*token.RemoteKeys"},
	{env{"CORS_ORIGINS": "https://app.example.com, http://localhost:3000,"}, func(c hostenv.Config) any { return c.CORSOrigins }, []string{"https://app.example.com", "http://localhost:3000"}},
	{env{"CORS_ORIGINS": "*"}, func(c hostenv.Config) any { return c.CORSOrigins }, []string{"*"}},
	{env{"REDIS_URL": "rediss://u:p@redis:6380/1"}, func(c hostenv.Config) any { return string(c.Redis) }, "rediss://u:p@redis:6380/1"},
	{env{"TRUSTED_PROXIES": "10.0.0.7, fd00::/8"}, func(c hostenv.Config) any { return fmt.Sprint(c.Proxies) }, "[10.0.0.7/32 fd00::/8]"},
	{env{"SHUTDOWN_DELAY_SECONDS": "300"}, func(c hostenv.Config) any { return c.ShutdownDelay }, 5 * time.Minute},
	{env{"METRICS_ADDR": "127.0.0.1:9464"}, func(c hostenv.Config) any { return c.MetricsAddr }, "127.0.0.1:9464"},
	{env{"METRICS_ADDR": ":0"}, func(c hostenv.Config) any { return c.MetricsAddr }, ":0"},
	{env{"TENANT_ID": "7D9C2B1E-0F4A-4C35-9A57-1F0B6F6F3C11", "USER_ID": "e2b7f3f0-5d1c-4f6e-8d0a-3a1d2c9b8e22"}, func(c hostenv.Config) any { return c.TenantID }, "7d9c2b1e-0f4a-4c35-9a57-1f0b6f6f3c11"},
}

func TestAccepted(t *testing.T) {
	for i, c := range accepted {
		config, err := hostenv.Load(c.set.get)
		require.NoError(t, err, "%d: %v", i, c.set)
		require.Equal(t, c.want, c.got(config), "%d: %v", i, c.set)
	}
}

// hush stands where a secret would: no error may repeat it.
const hush = "hunter2hunter2"

// refused has for every variable what is wrong in it. Only variable is named.
var refused = []struct {
	variable string
	set      env
}{
	{"BLOB_STORAGE_TYPE", env{"BLOB_STORAGE_TYPE": "S3"}},
	{"AWS_S3_BUCKET", env{"BLOB_STORAGE_TYPE": "s3"}},
	{"AWS_S3_BUCKET", s3.with(env{"AWS_S3_BUCKET": "s3://mail"})},
	{"AWS_S3_BUCKET", s3.with(env{"AWS_S3_BUCKET": "ab"})},
	{"AWS_S3_REGION", s3.with(env{"AWS_S3_REGION": "eu central"})},
	{"AWS_S3_ENDPOINT", s3.with(env{"AWS_S3_ENDPOINT": "minio:9000"})},
	{"AWS_S3_ENDPOINT", s3.with(env{"AWS_S3_ENDPOINT": "https://u:" + hush + "@minio"})},
	{"AWS_S3_ENDPOINT", s3.with(env{"AWS_S3_ENDPOINT": "https://minio/?key=" + hush})},
	{"AWS_SECRET_ACCESS_KEY", s3.with(env{"AWS_ACCESS_KEY_ID": hush})},
	{"AWS_ACCESS_KEY_ID", s3.with(env{"AWS_SECRET_ACCESS_KEY": hush})},

	{"MAX_ATTACHMENT_SIZE", env{"MAX_ATTACHMENT_SIZE": "1023"}},
	{"MAX_ATTACHMENT_SIZE", env{"MAX_ATTACHMENT_SIZE": "5368709121"}},
	{"MAX_ATTACHMENT_SIZE", env{"MAX_ATTACHMENT_SIZE": "50MB"}},
	{"MAX_ATTACHMENT_SIZE", env{"MAX_ATTACHMENT_SIZE": "99999999999999999999"}},
	{"ATTACHMENT_RETENTION_DAYS", env{"ATTACHMENT_RETENTION_DAYS": "0"}},
	{"ATTACHMENT_RETENTION_DAYS", env{"ATTACHMENT_RETENTION_DAYS": "36501"}},
	{"PRESIGNED_URL_EXPIRATION_SECONDS", env{"PRESIGNED_URL_EXPIRATION_SECONDS": "59"}},
	{"PRESIGNED_URL_EXPIRATION_SECONDS", env{"PRESIGNED_URL_EXPIRATION_SECONDS": "604801"}},
	{"PRESIGNED_URL_EXPIRATION_SECONDS", env{"PRESIGNED_URL_EXPIRATION_SECONDS": "1h"}},

	{"DATABASE_URL", env{"DATABASE_URL": "mysql://u:" + hush + "@db/mail"}},
	{"DATABASE_URL", env{"DATABASE_URL": "postgres://u:" + hush + "@/"}},
	{"DATABASE_URL", env{"DATABASE_URL": "postgres://u:" + hush + "@db"}},
	{"DATABASE_URL", env{"DATABASE_URL": "postgres://u:" + hush + "%zz@db/mail"}},
	{"DATABASE_URL", env{"DATABASE_URL": "postgres://u:" + hush + "@db:port/mail"}},
	{"DATABASE_URL", env{"DATABASE_URL": "postgres://u:" + hush + "@db/mail?sslmode=sometimes"}},
	{"DATABASE_URL", env{"DATABASE_URL": "host=db password=" + hush + " dbname=x.db"}},
	{"DATABASE_URL", env{"DATABASE_URL": "u:" + hush + "@db/mail.db"}},
	{"DATABASE_URL", env{"DATABASE_URL": "records"}},
	{"DATABASE_URL", env{"DATABASE_URL": "sqlite:"}},
	{"DATABASE_URL", env{"DATABASE_URL": "sqlite::memory:"}},
	{"DATABASE_URL", env{"DATABASE_URL": "sqlite:x.db?_pragma=key(" + hush + ")"}},

	{"ENABLE_VIRUS_SCAN", env{"ENABLE_VIRUS_SCAN": "yes"}},
	{"ENABLE_VIRUS_SCAN", env{"ENABLE_VIRUS_SCAN": "true"}},
	{"ENABLE_VIRUS_SCAN", login.with(env{"ENABLE_VIRUS_SCAN": ""})},
	{"CLAMAV_HOST", env{"CLAMAV_HOST": "http://clamav"}},
	{"CLAMAV_HOST", env{"CLAMAV_HOST": "clam av"}},
	{"CLAMAV_PORT", env{"CLAMAV_HOST": "clamav", "CLAMAV_PORT": "0"}},
	{"CLAMAV_PORT", env{"CLAMAV_PORT": "65536"}},
	{"CLAMAV_MAX_SIZE", env{"CLAMAV_MAX_SIZE": "25M"}},
	{"VIRUSTOTAL_API_KEY", env{"VIRUSTOTAL_API_KEY": hush + "\n"}},
	{"VIRUSTOTAL_BASE_URL", env{"VIRUSTOTAL_API_KEY": hush, "VIRUSTOTAL_BASE_URL": "http://vt.example.com"}},
	{"VIRUSTOTAL_BASE_URL", env{"VIRUSTOTAL_BASE_URL": "https://u:" + hush + "@vt"}},

	{"LINK_SIGNING_KEYS", env{"LINK_SIGNING_KEYS": hush + hush + hush}},
	{"LINK_SIGNING_KEYS", env{"LINK_SIGNING_KEYS": "1:" + hush}},
	{"LINK_SIGNING_KEYS", env{"LINK_SIGNING_KEYS": "bad id:" + hush + hush + hush}},
	{"LINK_SIGNING_KEYS", env{"LINK_SIGNING_KEYS": "1:" + hush + hush + hush + ",1:" + hush + hush + "abc"}},
	{"LINK_SIGNING_KEYS", login.with(env{"LINK_SIGNING_KEYS": ""})},
	{"BASE_URL", env{"BASE_URL": "mail.example.com"}},
	{"BASE_URL", env{"BASE_URL": "https://mail.example.com/?x"}},

	{"JWT_SECRET", login.with(env{"JWT_SECRET": hush})},
	{"JWT_SECRET", login.with(env{"JWT_SECRET": hush + hush + hush})}, // repeats
	{"JWT_SECRET", login.with(env{"JWT_SECRET": "change-me-change-me-" + hush + "-please-1"})},
	{"JWT_PUBLIC_KEY", login.with(env{"JWT_SECRET": "", "JWT_PUBLIC_KEY": hush})},
	{"JWT_PUBLIC_KEY", login.with(env{"JWT_PUBLIC_KEY": publicPEM(ed25519.PublicKey(make([]byte, 32)))})}, // beside a secret
	{"JWT_JWKS_URL", login.with(env{"JWT_SECRET": "", "JWT_JWKS_URL": "http://login/jwks"})},
	{"JWT_JWKS_URL", login.with(env{"JWT_SECRET": "", "JWT_JWKS_URL": "https://u:" + hush + "@login/jwks"})},
	{"JWT_ALGORITHM", login.with(env{"JWT_ALGORITHM": "none"})},
	{"JWT_ALGORITHM", login.with(env{"JWT_ALGORITHM": "RS256"})},
	{"JWT_ALGORITHM", login.with(env{"JWT_SECRET": "", "JWT_JWKS_URL": "https://login/jwks", "JWT_ALGORITHM": "RS256"})},
	{"JWT_ALGORITHM", env{"JWT_ALGORITHM": "HS256"}},
	{"JWT_KEY_ID", env{"JWT_KEY_ID": "1"}},
	{"JWT_KEY_ID", login.with(env{"JWT_SECRET": "", "JWT_JWKS_URL": "https://login/jwks", "JWT_KEY_ID": "1"})},
	{"JWT_ISSUER", env{"JWT_ISSUER": "https://login"}},
	{"JWT_AUDIENCE", env{"JWT_AUDIENCE": "mail"}},
	{"CORS_ORIGINS", env{"CORS_ORIGINS": "app.example.com"}},
	{"CORS_ORIGINS", env{"CORS_ORIGINS": "*,https://app.example.com"}},
	{"CORS_ORIGINS", env{"CORS_ORIGINS": "https://*.example.com"}},
	{"REDIS_URL", env{"REDIS_URL": "redis:6379"}},
	{"REDIS_URL", env{"REDIS_URL": "redis://u:" + hush + "%zz@redis/0"}},
	{"TRUSTED_PROXIES", env{"TRUSTED_PROXIES": "proxy.example.com"}},
	{"SHUTDOWN_DELAY_SECONDS", env{"SHUTDOWN_DELAY_SECONDS": "301"}},
	{"METRICS_ADDR", env{"METRICS_ADDR": "9464"}},
	{"METRICS_ADDR", env{"METRICS_ADDR": "127.0.0.1:http"}},
	{"TENANT_ID", env{"TENANT_ID": "acme", "USER_ID": "e2b7f3f0-5d1c-4f6e-8d0a-3a1d2c9b8e22"}},
	{"TENANT_ID", env{"USER_ID": "e2b7f3f0-5d1c-4f6e-8d0a-3a1d2c9b8e22"}},
	{"USER_ID", env{"TENANT_ID": "7d9c2b1e-0f4a-4c35-9a57-1f0b6f6f3c11"}},
	{"USER_ID", env{"TENANT_ID": "7d9c2b1e-0f4a-4c35-9a57-1f0b6f6f3c11", "USER_ID": "00000000-0000-0000-0000-000000000000"}},
}

func TestRefused(t *testing.T) {
	for i, c := range refused {
		_, err := hostenv.Load(c.set.get)
		require.Equal(t, []string{c.variable}, variables(err), "%d: %v: %v", i, c.set, err)
		require.NotContains(t, err.Error(), hush, "%d", i)
	}
}

// variables lists whom an error of Load complains about.
func variables(err error) []string {
	var names []string
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		for _, e := range joined.Unwrap() {
			var problem *hostenv.Error
			if errors.As(e, &problem) {
				names = append(names, problem.Variable)
			}
		}
	}
	return names
}

func TestAllProblemsAtOnce(t *testing.T) {
	_, err := hostenv.Load(env{"MAX_ATTACHMENT_SIZE": "big", "REDIS_URL": "x", "BLOB_STORAGE_TYPE": "s3", "JWT_SECRET": hush}.get)
	require.ElementsMatch(t, []string{"MAX_ATTACHMENT_SIZE", "REDIS_URL", "AWS_S3_BUCKET", "JWT_SECRET", "LINK_SIGNING_KEYS", "ENABLE_VIRUS_SCAN"}, variables(err))
	require.Len(t, strings.Split(err.Error(), "\n"), 6)
}

// TestTableOfVariables holds the package's documentation, the code and these
// tests to the same list.
func TestTableOfVariables(t *testing.T) {
	asked := map[string]bool{}
	for _, c := range append([]env{login, s3}, env{"JWT_JWKS_URL": "https://x"}, env{"JWT_PUBLIC_KEY": "x"}) {
		_, _ = hostenv.Load(func(name string) string { asked[name] = true; return c[name] })
	}
	doc, err := os.ReadFile("doc.go")
	require.NoError(t, err)
	documented := map[string]bool{}
	for _, match := range regexp.MustCompile(`(?m)^//\t([A-Z][A-Z0-9_]+)`).FindAllSubmatch(doc, -1) {
		documented[string(match[1])] = true
	}
	require.Equal(t, slices.Sorted(maps.Keys(documented)), slices.Sorted(maps.Keys(asked)))

	tested := map[string]bool{}
	for _, c := range accepted {
		for name := range c.set {
			tested[name] = true
		}
	}
	for name := range documented {
		require.True(t, tested[name] || name == "JWT_PUBLIC_KEY" || name == "JWT_ALGORITHM", "%s is not tested", name) // those two: TestPublicKeys
		require.True(t, name == "AWS_SESSION_TOKEN" || slices.ContainsFunc(refused, func(c struct {
			variable string
			set      env
		}) bool {
			return c.variable == name
		}), "%s is never refused", name)
	}
}

// TestPublicKeys verifies a token with each kind of key.
func TestPublicKeys(t *testing.T) {
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	ecKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	_, edKey, err := ed25519.GenerateKey(rand.Reader)
	require.NoError(t, err)
	for name, c := range map[string]struct {
		private, public any
		set             string
		want            token.Algorithm
	}{
		"RSA":     {rsaKey, &rsaKey.PublicKey, "", token.RS256},
		"RSA PSS": {rsaKey, &rsaKey.PublicKey, "PS256", token.PS256},
		"P-256":   {ecKey, &ecKey.PublicKey, "", token.ES256},
		"Ed25519": {edKey, edKey.Public(), "EdDSA", token.EdDSA},
	} {
		t.Run(name, func(t *testing.T) {
			text := publicPEM(c.public)
			for _, text := range []string{text, strings.ReplaceAll(text, "\n", `\n`)} {
				config, err := hostenv.Load(login.with(env{"JWT_SECRET": "", "JWT_PUBLIC_KEY": text, "JWT_ALGORITHM": c.set, "JWT_KEY_ID": "k1"}).get)
				require.NoError(t, err)
				key, err := token.NewKey("k1", c.want, c.private)
				require.NoError(t, err)
				signing, err := token.NewKeySet(key)
				require.NoError(t, err)
				issuer, err := token.NewIssuer(signing, nil)
				require.NoError(t, err)
				raw, err := issuer.Issue(token.Claims{TenantID: "t", UserID: "u", Role: "user"})
				require.NoError(t, err)
				verifier, err := token.NewVerifier(config.Login.Keys, nil)
				require.NoError(t, err)
				_, err = verifier.Verify(t.Context(), raw)
				require.NoError(t, err)
			}
		})
	}

	weak, err := ecdsa.GenerateKey(elliptic.P224(), rand.Reader)
	require.NoError(t, err)
	_, err = hostenv.Load(login.with(env{"JWT_SECRET": "", "JWT_PUBLIC_KEY": publicPEM(&weak.PublicKey)}).get)
	require.Equal(t, []string{"JWT_PUBLIC_KEY"}, variables(err))
}

func publicPEM(key any) string {
	der, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		panic(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
}

// TestConfigKeepsItsSecrets prints one in every way a host might.
func TestConfigKeepsItsSecrets(t *testing.T) {
	random := secret()
	config, err := hostenv.Load(env{
		"DATABASE_URL": "postgres://u:" + hush + "@db/mail", "REDIS_URL": "redis://u:" + hush + "@redis/0",
		"BLOB_STORAGE_TYPE": "s3", "AWS_S3_BUCKET": "mail", "AWS_ACCESS_KEY_ID": "id", "AWS_SECRET_ACCESS_KEY": hush, "AWS_SESSION_TOKEN": hush,
		"VIRUSTOTAL_API_KEY": hush, "JWT_SECRET": random, "LINK_SIGNING_KEYS": "1:" + random,
	}.get)
	require.NoError(t, err)
	asJSON, err := json.Marshal(config)
	require.NoError(t, err)
	var logged strings.Builder
	log := slog.New(slog.NewTextHandler(&logged, nil))
	log.Info("x", "config", config, "secret", config.Redis, "s3", *config.S3)
	slog.New(slog.NewJSONHandler(&logged, nil)).Info("x", "config", config)
	printed := fmt.Sprintf("%v %+v %#v %s %q %x %+v %#v %+v", config, config, config, config.Redis, config.Redis, config.Redis, *config.S3, *config.S3, *config.Login) + string(asJSON) + logged.String()
	for _, secret := range []string{hush, random, fmt.Sprintf("%x", hush)} {
		require.NotContains(t, printed, secret)
	}
	require.Contains(t, printed, "[secret]")
}

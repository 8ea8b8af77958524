// Package hostenv reads a host's settings from the environment: every variable
// in one place, typed and checked before anything is opened.
//
//	config, err := hostenv.Load(os.Getenv)
//
// An empty variable counts as unset. Nothing set at all is a valid
// configuration: the one for a developer's machine, without login. Load reports
// everything that is wrong at once, each problem with the variable's name; the
// value of a secret, or of anything that may hold one, is never shown.
//
// # Bytes
//
//	BLOB_STORAGE_TYPE      filesystem (default) or s3
//	AWS_S3_BUCKET          the bucket, which exists; required for s3
//	AWS_S3_REGION          defaults to the AWS configuration, then us-east-1
//	AWS_S3_ENDPOINT        URL of an S3-compatible, addressed in path style;
//	                       defaults to Amazon's
//	AWS_ACCESS_KEY_ID      both or neither; defaults to the chain of the AWS SDK:
//	AWS_SECRET_ACCESS_KEY  shared files, container and instance roles
//	AWS_SESSION_TOKEN      with temporary credentials
//	MAX_ATTACHMENT_SIZE    bytes, 1024 to 5368709120; defaults to 52428800
//
// # Records
//
//	DATABASE_URL               postgres://user:password@host/database, sqlite:PATH,
//	                           or a path that ends in .db, .sqlite or .sqlite3;
//	                           defaults to a SQLite file of the host's choice
//	ATTACHMENT_RETENTION_DAYS  1 to 36500; defaults to 90
//
// # Scanning
//
//	ENABLE_VIRUS_SCAN    true (default) or false: then nothing is scanned and
//	                     everything is served as "skipped"
//	CLAMAV_HOST          host names, or tcp://, tls:// and unix:/// addresses,
//	                     separated by commas: the first that is well scans
//	CLAMAV_PORT          for host names; defaults to 3310
//	CLAMAV_MAX_SIZE      bytes that every clamd there takes (its StreamMaxLength,
//	                     MaxFileSize and MaxScanSize); what is larger gets no
//	                     clean verdict; defaults to 26214400, clamd's own default
//	VIRUSTOTAL_API_KEY   hashes are looked up there, before clamd if both are set;
//	                     no file is uploaded
//	VIRUSTOTAL_BASE_URL  https URL of a gateway; defaults to VirusTotal itself
//
// Without a scanner a demo scanner stands in, unless scanning was asked for
// with ENABLE_VIRUS_SCAN=true or the host has a login: then a scanner is
// required.
//
// # Links
//
//	LINK_SIGNING_KEYS                id:secret pairs, separated by commas; the
//	                                 first signs, all verify; secrets of at least
//	                                 32 bytes, without commas. Required with a login
//	PRESIGNED_URL_EXPIRATION_SECONDS 60 to 604800; defaults to 3600
//	BASE_URL                         what links begin with; defaults to the
//	                                 host's own address, or to a bare path
//
// # Login
//
// One of the first three gives the host a login. The other JWT_* need one of
// them.
//
//	JWT_SECRET      secret of HS256, at least 32 random bytes
//	JWT_PUBLIC_KEY  PEM of an RSA, P-256 or Ed25519 public key; \n for newlines
//	                will do
//	JWT_JWKS_URL    https URL of the issuer's key set
//	JWT_ALGORITHM   RS256, PS256, ES256, EdDSA or HS256; defaults to the key's
//	                usual one. Not with JWT_JWKS_URL
//	JWT_KEY_ID      the kid of tokens; defaults to tokens without one. Not with
//	                JWT_JWKS_URL
//	JWT_ISSUER      the only iss accepted; defaults to any
//	JWT_AUDIENCE    the aud that tokens must name; defaults to tokens without one
//	CORS_ORIGINS    exact origins, separated by commas, or *; defaults to none
//	REDIS_URL       redis:// or rediss://, shares rate limits between hosts;
//	                defaults to limits per process
//	TRUSTED_PROXIES addresses and prefixes whose X-Forwarded-For is believed
//	TENANT_ID       UUIDs of whom the host acts for by itself, as when it imports
//	USER_ID         mail: both or neither
//
// # Operation
//
//	SHUTDOWN_DELAY_SECONDS  how long a host that was told to end serves on while
//	                        /readyz says no, 0 to 300; a little more than the
//	                        interval of whoever asks. Defaults to 0
//	METRICS_ADDR            HOST:PORT to serve /metrics on, apart from the API and
//	                        without a login: an address that only Prometheus
//	                        reaches. Defaults to none: metrics are not served
//
// # Who lives here
//
//   - Config and Load: the settings, and what they must satisfy together.
//   - Error: what is wrong with one variable.
//   - Secret: a text that does not print itself.
package hostenv

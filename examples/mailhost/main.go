// Mailhost is a small workflow host: it takes the messages of a mailbox through
// the workflow in testdata/workflows, with the library wired to a file system,
// a SQLite file and a scanner, all in one process. It prints what became of
// every attachment, and shows those it took on a page.
//
//	go run ./examples/mailhost            # the project's own test mail
//	go run ./examples/mailhost -mail ~/Maildir
//	go run ./examples/mailhost -imap imaps://user@mail.example.com/INBOX
//	go run ./examples/mailhost -once -json
//	go run ./examples/mailhost doctor     # checks every part; status 1 if one fails
//
// The environment wires it to PostgreSQL, S3, clamd, VirusTotal and Redis, and
// gives it a login: package hostenv lists the variables. With a login it may
// listen beyond this machine, and serves the API instead of the demo page.
//
//	DATABASE_URL=postgres://… BLOB_STORAGE_TYPE=s3 AWS_S3_BUCKET=mail \
//	CLAMAV_HOST=clamav REDIS_URL=redis://redis JWT_PUBLIC_KEY="$(cat jwt.pem)" \
//	LINK_SIGNING_KEYS=2026-01:… TENANT_ID=… USER_ID=… mailhost -addr :8025
//
// The program is package app, on the library as package host wires it.
package main

import (
	"os"

	"github.com/metabuilder/workflow-plugin-attachment-handler/examples/mailhost/app"
)

func main() { os.Exit(app.Main(nil)) }

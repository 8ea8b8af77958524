package hostenv_test

import (
	"fmt"

	"github.com/metabuilder/workflow-plugin-attachment-handler/examples/hostenv"
)

func ExampleLoad() {
	variables := map[string]string{ // a host passes os.Getenv
		"BLOB_STORAGE_TYPE": "s3",
		"DATABASE_URL":      "postgres://mail:correct-horse@db/mail",
		"CLAMAV_PORT":       "33l0",
	}
	_, err := hostenv.Load(func(name string) string { return variables[name] })
	fmt.Println(err)

	variables["AWS_S3_BUCKET"], variables["CLAMAV_PORT"] = "attachments", "3310"
	config, err := hostenv.Load(func(name string) string { return variables[name] })
	fmt.Println(config.S3.Bucket, config.Database.Postgres, config.Retention, err)
	// Output:
	// AWS_S3_BUCKET: is required with BLOB_STORAGE_TYPE=s3
	// CLAMAV_PORT: "33l0" is not a whole number from 1 to 65535
	// attachments [secret] 2160h0m0s <nil>
}

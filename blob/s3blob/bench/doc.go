// Package bench compares s3blob with the SDK's own transfer manager. It is a
// module of its own because that peer has not reached version 1.
//
//	UPLOAD_MIB=1024 go test -run '^$' -bench . -benchtime 5x
package bench

package host

import (
	"bytes"
	"database/sql"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metabuilder/workflow-plugin-attachment-handler/examples/services"
)

const goodSecret = "Zk8vQ2nLr5xWb1yTg7mHs4dJc9pEu6aF3oKi0qRt"

// grades is the worst that was said of each part.
func grades(all Findings) map[string]Grade {
	worst := map[string]Grade{}
	for _, f := range all {
		if worst[f.Part] != Fail && (f.Grade != OK || worst[f.Part] == "") {
			worst[f.Part] = f.Grade
		}
	}
	return worst
}

// TestDoctor examines a host in its production dress, before and after its
// first start, and again when everything that can be wrong is.
func TestDoctor(t *testing.T) {
	postgres, s3, daemon, redis := services.StartPostgres(t, false), services.StartS3(t, "mail"), services.StartClamd(t, map[string]string{"AlertExceedsMax": "yes", "MaxScanSize": "4M", "MaxFileSize": "4M"}), services.StartRedis(t)
	url := postgres.NewDatabase(t)
	role, roleURL := postgres.NewRole(t, url)
	db, err := sql.Open("postgres", url)
	require.NoError(t, err)
	defer db.Close()
	_, err = db.Exec("GRANT CREATE ON SCHEMA public TO " + role)
	require.NoError(t, err)
	variables := map[string]string{
		"DATABASE_URL": roleURL, "REDIS_URL": "redis://" + redis.Addr, "CLAMAV_HOST": "unix://" + daemon.Unix, "CLAMAV_MAX_SIZE": "1048576",
		"BLOB_STORAGE_TYPE": "s3", "AWS_S3_ENDPOINT": s3.Endpoint, "AWS_S3_BUCKET": "mail", "AWS_S3_REGION": "us-east-1",
		"AWS_ACCESS_KEY_ID": s3.AccessKey, "AWS_SECRET_ACCESS_KEY": s3.SecretKey,
		"JWT_SECRET": goodSecret, "LINK_SIGNING_KEYS": "1:" + goodSecret,
	}
	s := settingsOf(t, variables)
	scanning := s.Scan
	s.Scan.Enabled = false // clamd's self-test takes long: once is enough

	found := Examine(t.Context(), s)
	require.Equal(t, Warn, grades(found)["schema"], found)
	require.True(t, found.Healthy(), found)
	require.NoDirExists(t, s.Data)
	var tables int
	require.NoError(t, db.QueryRow(`SELECT count(*) FROM pg_tables WHERE schemaname = 'public'`).Scan(&tables))
	require.Zero(t, tables, "the doctor migrates nothing")
	var left []string
	require.NoError(t, filepath.WalkDir(filepath.Join(s3.Dir, "mail"), func(path string, entry os.DirEntry, err error) error {
		if err == nil && entry.Type().IsRegular() {
			left = append(left, path)
		}
		return err
	}))
	require.Empty(t, left, "the probe is gone")

	h, err := Open(t.Context(), s)
	require.NoError(t, err)
	h.Close()
	s.Scan = scanning
	found = Examine(t.Context(), s)
	require.True(t, found.Healthy(), found)
	now := grades(found)
	for _, part := range []string{"store", "database", "schema", "database role", "clock of the database", "clock of S3", "link key 1", "JWT_SECRET", "redis", "disk"} {
		require.Equal(t, OK, now[part], "%s: %v", part, found)
	}
	require.Contains(t, []Grade{OK, Warn}, now["scanner"], "it lets encrypted files pass")
	_, err = db.Exec(`DELETE FROM attachment_schema_version WHERE version_id = (SELECT max(version_id) FROM attachment_schema_version)`)
	require.NoError(t, err)
	d := &doctor{settings: s}
	d.database(t.Context())
	require.Equal(t, Fail, grades(d.findings)["schema"], "a version behind")

	const hush = "hunter2"
	wrong := settingsOf(t, map[string]string{
		"DATABASE_URL": url, "REDIS_URL": "redis://u:" + hush + "@127.0.0.1:1", "CLAMAV_HOST": "127.0.0.1", "CLAMAV_PORT": "1",
		"BLOB_STORAGE_TYPE": "s3", "AWS_S3_ENDPOINT": s3.Endpoint, "AWS_S3_BUCKET": "elsewhere", "AWS_S3_REGION": "us-east-1",
		"AWS_ACCESS_KEY_ID": s3.AccessKey, "AWS_SECRET_ACCESS_KEY": hush,
		"JWT_SECRET": "aaaaaaaabaaacaaadaaeaaafaaagaahaaajaak", "LINK_SIGNING_KEYS": "1:" + goodSecret + ",2:zzzzzzzzyzzzxzzzwzzvzzzuzzztzzszzzrzzq",
	})
	found = Examine(t.Context(), wrong)
	require.False(t, found.Healthy())
	now = grades(found)
	for _, part := range []string{"store", "database role", "scanner", "redis", "JWT_SECRET", "link key 2"} {
		require.Equal(t, Fail, now[part], "%s: %v", part, found)
	}
	require.Equal(t, OK, now["link key 1"])
	for _, f := range found {
		require.Equal(t, f.Grade != OK, f.Advice != "", "%v", f)
	}
	var table, asJSON bytes.Buffer
	require.NoError(t, found.Print(&table, false))
	require.NoError(t, found.Print(&asJSON, true))
	for _, secret := range []string{hush, goodSecret, "aaaaaaaabaaa", "zzzzzzzzyzzz"} {
		require.NotContains(t, table.String()+asJSON.String(), secret)
	}
	var back Findings
	require.NoError(t, json.Unmarshal(asJSON.Bytes(), &back))
	require.Equal(t, found, back)
}

func TestDoctorAtHome(t *testing.T) {
	s := settingsOf(t, nil)
	found := Examine(t.Context(), s)
	require.True(t, found.Healthy(), found)
	require.NoDirExists(t, s.Data, "nothing is made")

	h, err := Open(t.Context(), s)
	require.NoError(t, err)
	h.Close()
	now := grades(Examine(t.Context(), s))
	for _, part := range []string{"store", "database", "schema", "link key"} {
		require.Equal(t, OK, now[part], part)
	}
	require.Equal(t, Warn, now["scanner"], "the demo scanner")
	require.NoError(t, os.Chmod(filepath.Join(s.Data, "link.key"), 0o644))
	require.Equal(t, Fail, grades(Examine(t.Context(), s))["link key"])
}

func TestSkew(t *testing.T) {
	for skew, want := range map[time.Duration]Grade{0: OK, -4 * time.Second: OK, 5 * time.Second: Warn, -time.Minute: Fail, time.Hour: Fail} {
		grade, advice := judgeSkew(skew)
		require.Equal(t, want, grade, skew)
		require.Equal(t, grade != OK, advice != "")
	}
}

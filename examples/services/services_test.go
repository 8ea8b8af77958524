package services_test

import (
	"database/sql"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metabuilder/workflow-plugin-attachment-handler/examples/services"
)

func TestEveryServiceStarts(t *testing.T) {
	t.Run("postgres", func(t *testing.T) {
		pg := services.StartPostgres(t, false)
		db, err := sql.Open("postgres", pg.NewDatabase(t))
		require.NoError(t, err)
		defer db.Close()
		require.NoError(t, db.Ping())
	})
	t.Run("redis", func(t *testing.T) { require.NotEmpty(t, services.StartRedis(t).Addr) })
	t.Run("clamd", func(t *testing.T) { require.FileExists(t, services.StartClamd(t, nil).Unix) })
	t.Run("s3", func(t *testing.T) { require.NotEmpty(t, services.StartS3(t, "bucket").Endpoint) })
}

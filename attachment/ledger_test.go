package attachment_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment"
	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment/attachmenttest"
	"github.com/metabuilder/workflow-plugin-attachment-handler/blob/memblob"
	"github.com/metabuilder/workflow-plugin-attachment-handler/scan/scantest"
)

func TestLedgerConforms(t *testing.T) {
	scantest.RunLedger(t, func(t *testing.T) scantest.LedgerHarness {
		store, repo := memblob.New(nil), attachmenttest.NewRepository()
		handler, err := attachment.New(store, repo, nil)
		require.NoError(t, err)
		return attachmenttest.LedgerHarness(t, handler, attachment.NewLedger(store, repo))
	})
}

package attachmenttest_test

import (
	"testing"

	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment"
	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment/attachmenttest"
)

func TestMemory(t *testing.T) {
	attachmenttest.RunRepository(t, func(*testing.T) attachment.Repository { return attachmenttest.NewRepository() })
}

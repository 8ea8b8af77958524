package host

import (
	"context"
	"fmt"
)

// disk looks at what is free where the data is.
func (d *doctor) disk(context.Context) {
	const part = "disk"
	if !d.hasData() {
		return // said already
	}
	free, total, err := diskSpace(d.settings.Data)
	if err != nil {
		d.say(part, Warn, err.Error(), "look at it yourself")
		return
	}
	found := fmt.Sprintf("%d MiB of %d MiB free", free>>20, total>>20)
	const advice = "make room, or shorten ATTACHMENT_RETENTION_DAYS"
	switch largest := uint64(d.settings.MaxAttachmentSize); {
	case d.settings.S3 == nil && free < 2*largest:
		d.say(part, Fail, found+": not enough for two of the largest attachments", advice)
	case d.settings.S3 == nil && free < total/10:
		d.say(part, Warn, found, advice)
	default:
		d.say(part, OK, found, "")
	}
}

package mailbox

// Synced puts messages into the shape that the imap-sync node puts out and the
// workflow's templates take apart:
//
//	{"syncedMessages": [{
//	    "messageId", "from", "subject", "date",
//	    "attachments": [{"messageId", "attachment": {
//	        "filename", "mimeType", "size", "contentId", "isInline", "position", "encoding", "attachmentData"}}]
//	}]}
//
// Each attachment repeats its message's ID, for a loop over all attachments
// sees nothing else. attachmentData is what data returns for the part: an open
// part in a host that runs in one process, a reference in a distributed one.
// encoding is "binary", because a Part's bytes are decoded already. Numbers
// are float64, as they would be after a trip through JSON.
func Synced(messages []Message, data func(Message, Part) any) map[string]any {
	synced := make([]any, len(messages))
	for i, msg := range messages {
		attachments := make([]any, len(msg.Attachments))
		for j, part := range msg.Attachments {
			attachments[j] = map[string]any{
				"messageId": msg.ID,
				"attachment": map[string]any{
					"filename": part.Filename, "mimeType": part.MIMEType, "size": float64(part.Size),
					"contentId": part.ContentID, "isInline": part.Inline, "position": float64(j), "encoding": "binary",
					"attachmentData": data(msg, part),
				},
			}
		}
		date := ""
		if !msg.Date.IsZero() {
			date = msg.Date.UTC().Format("2006-01-02T15:04:05Z")
		}
		synced[i] = map[string]any{
			"messageId": msg.ID, "from": msg.From, "subject": msg.Subject, "date": date,
			"attachments": attachments,
		}
	}
	return map[string]any{"syncedMessages": synced}
}

package attachment

import "github.com/metabuilder/workflow-plugin-attachment-handler/scan"

// Node is the node as the workflow file has it, its templates rendered.
type Node struct {
	ID   string `json:"id"`
	Name string `json:"name,omitempty"`
	Type string `json:"type"`

	// Parameters are as in JSON. attachmentData may also be a []byte, an
	// io.Reader or a Reference, whose bytes are taken as they are unless encoding
	// says otherwise; Execute closes it if it is an io.Closer.
	Parameters map[string]any `json:"parameters"`
}

// Result is what Execute answers: JSON with references, never bytes.
type Result struct {
	Status    string  `json:"status"` // "success" or "error"
	Output    *Output `json:"output,omitempty"`
	Error     string  `json:"error,omitempty"`
	ErrorCode Code    `json:"errorCode,omitempty"`
	Retryable *bool   `json:"retryable,omitempty"` // on errors only
	Timestamp int64   `json:"timestamp"`           // Unix time in ms
	Duration  int64   `json:"duration"`            // ms
}

// The values of Result.Status and Output.Status.
const (
	StatusSuccess   = "success"
	StatusError     = "error"
	StatusProcessed = "processed"
)

// Output wraps what a processed attachment became.
type Output struct {
	Status string    `json:"status"` // "processed"
	Data   Processed `json:"data"`
}

// Processed is one stored attachment.
type Processed struct {
	AttachmentID     string       `json:"attachmentId"`
	Filename         string       `json:"filename"` // the safe one
	MIMEType         string       `json:"mimeType"` // as detected
	Size             int64        `json:"size"`     // bytes, decoded
	StorageKey       string       `json:"storageKey"`
	ContentHash      string       `json:"contentHash"`
	PresignedURL     string       `json:"presignedUrl"` // a secret until it expires
	VirusScanStatus  scan.Status  `json:"virusScanStatus"`
	VirusScanDetails *scan.Result `json:"virusScanDetails,omitempty"`
	IsDeduplicated   bool         `json:"isDeduplicated"`
	ProcessedAt      int64        `json:"processedAt"`    // Unix time in ms
	ProcessingTime   int64        `json:"processingTime"` // ms
}

// Validation is what Validate finds without touching any byte.
type Validation struct {
	Valid    bool     `json:"valid"`
	Errors   []string `json:"errors"`
	Warnings []string `json:"warnings"`
}

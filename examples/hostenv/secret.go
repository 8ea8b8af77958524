package hostenv

import (
	"fmt"
	"io"
	"log/slog"
)

// A Secret is a text that fmt, log/slog and encoding/json do not show. Convert
// it with string() where it is needed.
type Secret string

const redacted = "[secret]"

// Format prints whether there is one, whatever the verb.
func (s Secret) Format(f fmt.State, _ rune) {
	if s != "" {
		_, _ = io.WriteString(f, redacted)
	}
}

// LogValue does the same for log/slog.
func (s Secret) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(s)) }

// MarshalText does the same for encoding/json and its kin.
func (s Secret) MarshalText() ([]byte, error) { return fmt.Append(nil, s), nil }

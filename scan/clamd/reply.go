package clamd

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/metabuilder/workflow-plugin-attachment-handler/scan"
)

type replyKind int

const (
	replyOK       replyKind = iota + 1 // the whole stream was scanned, nothing found
	replyFound                         // something was found
	replyTooLarge                      // the stream exceeded the server's StreamMaxLength
	replyError                         // the server could not scan
)

type reply struct {
	kind replyKind
	text string // the threat, or the server's message
}

// parseReply reads the answer to INSTREAM, without its final NUL. id is the
// command's number in a session, 0 outside of one. The parser knows exactly
// what clamd sends; anything else is scan.ErrProtocol.
func parseReply(line string, id int) (reply, error) {
	rest := line
	if id > 0 {
		var ok bool
		if rest, ok = strings.CutPrefix(line, strconv.Itoa(id)+": "); !ok {
			return reply{}, fmt.Errorf("%w: reply %.80q does not answer command %d", scan.ErrProtocol, line, id)
		}
	}
	if !printable(rest) {
		return reply{}, fmt.Errorf("%w: reply %.80q", scan.ErrProtocol, line)
	}
	if rest == "INSTREAM size limit exceeded. ERROR" {
		return reply{replyTooLarge, "INSTREAM size limit exceeded"}, nil
	}
	if message, ok := strings.CutSuffix(rest, " ERROR"); ok && message != "" {
		return reply{replyError, strings.TrimPrefix(message, "stream: ")}, nil
	}
	found, ok := strings.CutPrefix(rest, "stream: ")
	if ok && found == "OK" {
		return reply{kind: replyOK}, nil
	}
	if threat, isFound := strings.CutSuffix(found, " FOUND"); ok && isFound && strings.TrimSpace(threat) != "" {
		return reply{replyFound, threat}, nil
	}
	return reply{}, fmt.Errorf("%w: reply %.80q", scan.ErrProtocol, line)
}

func printable(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] == 0x7f {
			return false
		}
	}
	return true
}

// verdictOf ranks what clamd found by the prefix of its name. What clamd could
// not look into is unscannable, guesses are suspicious, all else is a threat.
// https://docs.clamav.net/manual/Signatures/SignatureNames.html
func verdictOf(threat string) scan.Verdict {
	switch {
	case strings.HasPrefix(threat, "Heuristics.Encrypted."), strings.HasPrefix(threat, "Heuristics.Limits.Exceeded"):
		return scan.Unscannable
	case strings.HasPrefix(threat, "Heuristics."), strings.HasPrefix(threat, "PUA."):
		return scan.Suspicious
	default:
		return scan.Infected
	}
}

package attachment

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"path"
	"strings"

	"github.com/google/uuid"

	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment/filename"
	"github.com/metabuilder/workflow-plugin-attachment-handler/blob"
)

// attachmentNamespace keeps these ids apart from everybody else's.
const attachmentNamespace = "c7a1c9a4-7f43-4e0b-9d1b-6f1d5a3a8e52"

// attachmentID derives the id of a record from what identifies it, so that the
// same node input gives the same id on every run and every machine. It is a
// UUID of version 8 (RFC 9562, section 5.8).
func attachmentID(tenantID, messageID, name, contentID, hash string) string {
	var data []byte
	for _, part := range []string{tenantID, messageID, name, contentID, hash} {
		data = binary.BigEndian.AppendUint32(data, uint32(len(part)))
		data = append(data, part...)
	}
	return uuid.NewHash(sha256.New(), uuid.MustParse(attachmentNamespace), data, 8).String()
}

// storageKey builds attachments/{tenant}/{message}/{folders}/{content}/{name}.
// The content id makes it unique; the rest is for people who look into the
// store.
func storageKey(tenantID, messageID, folders, contentID, safeName string) (string, error) {
	segments := []string{strings.TrimSuffix(keyPrefix(tenantID), "/"), keySegment(messageID)}
	if folders != "" {
		for folder := range strings.SplitSeq(strings.Trim(folders, "/"), "/") {
			if folder == "" || folder == "." || folder == ".." || strings.Contains(folder, `\`) {
				return "", &Error{Code: CodeSecurityViolation, Message: "storagePath: leaves the folder of its message"}
			}
			segments = append(segments, keySegment(folder))
		}
	}
	key := path.Join(append(segments, contentID, filename.Sanitize(safeName))...)
	if err := blob.ValidateKey(key); err != nil {
		return "", &Error{Code: CodeInvalidParams, Message: "storagePath: makes the storage key invalid or too long", Err: err}
	}
	return key, nil
}

// keySegment makes any text a short and harmless path segment. Where it has to
// change the text it adds a hash of it, so that two texts stay two. The angle
// brackets of a Message-ID go without a trace.
func keySegment(text string) string {
	const longest = 96
	safe := strings.Map(func(r rune) rune {
		switch {
		case 'a' <= r && r <= 'z', 'A' <= r && r <= 'Z', '0' <= r && r <= '9', strings.ContainsRune("._-@+=", r):
			return r
		}
		return '_'
	}, strings.Trim(text, "<>"))
	if safe == strings.Trim(text, "<>") && len(safe) <= longest && strings.Trim(safe, ".") != "" {
		return safe
	}
	sum := sha256.Sum256([]byte(text))
	return fmt.Sprintf("%s-%s", strings.TrimLeft(safe[:min(len(safe), longest)], "."), hex.EncodeToString(sum[:8]))
}

// keyPrefix is what the storage keys of a tenant begin with.
func keyPrefix(tenantID string) string { return keyRoot + tenantID + "/" }

const keyRoot = "attachments/"

// tenantOfKey is the reverse of storageKey for its tenant.
func tenantOfKey(key string) (string, bool) {
	rest, ok := strings.CutPrefix(key, keyRoot)
	if !ok {
		return "", false
	}
	tenantID, _, ok := strings.Cut(rest, "/")
	return tenantID, ok
}

func isSHA256(text string) bool {
	raw, err := hex.DecodeString(text)
	return err == nil && len(raw) == sha256.Size
}

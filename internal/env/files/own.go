package files

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"

	"hci/sync/dotenv"
)

var (
	// ErrUnreadable says that a file was not made by hci, and that what it
	// sets can't be told from what is to be written.
	ErrUnreadable = errors.New("hci did not write it and can't tell which of its lines to keep")
	// ErrEdited says that somebody changed what hci wrote.
	ErrEdited = errors.New("lines that hci wrote were changed; move your own below the last line that hci wrote")
)

// OverrideError says that a file which hci did not make sets keys to other
// values than those that are to be written.
type OverrideError struct{ Keys []string }

func (e *OverrideError) Error() string {
	return "it sets other values for " + listed(e.Keys)
}

// marker is the last line that hci writes into a file; what stands below it is
// a person's and is kept. It holds a digest of what stands above it.
var marker = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(?m)^# Your own lines go below this one; hci keeps them\. \[([0-9a-f]{16})\]\r?\n?`)
})

func markerLine(above []byte) string {
	sum := sha256.Sum256(above)
	return fmt.Sprintf("# Your own lines go below this one; hci keeps them. [%s]\n", hex.EncodeToString(sum[:8]))
}

// Renew returns the file that takes the place of current: what was made of the
// entries, the marker, and the lines that a person wrote. In a file of hci's
// these are the ones below its marker; the error is [ErrEdited] if what stands
// above it is not what hci wrote, unless forced. Of a file without a marker all
// lines stay but those that set the same keys; the error is an [*OverrideError]
// if they set them to other values, unless forced, and [ErrUnreadable], forced
// or not, if the file's lines can't be told apart. An empty current is no file.
func Renew(current, made []byte, entries []dotenv.Entry, force bool) ([]byte, error) {
	out := append(bytes.Clone(made), markerLine(made)...)
	if len(current) == 0 {
		return out, nil
	}
	at := marker().FindSubmatchIndex(current)
	if at == nil {
		own, err := foreign(current, entries, force)
		return append(out, own...), err
	}
	if got := marker().FindSubmatch([]byte(markerLine(current[:at[0]]))); !bytes.Equal(got[1], current[at[2]:at[3]]) && !force {
		return nil, ErrEdited
	}
	return append(out, current[at[1]:]...), nil
}

// foreign returns the lines of a file that set none of the entries.
func foreign(current []byte, entries []dotenv.Entry, force bool) ([]byte, error) {
	readings, err := readAs(current, "", detected)
	if err != nil {
		return nil, ErrUnreadable
	}
	var ambiguous *AmbiguousError
	if err := agreed(readings, ""); errors.As(err, &ambiguous) && ambiguous.Line > 0 {
		return nil, ErrUnreadable
	}
	made := map[string]dotenv.Entry{}
	for _, e := range entries {
		made[e.Key] = e
	}
	override := &OverrideError{}
	for _, e := range readings[0].Entries {
		if m, ok := made[e.Key]; ok && (!m.Value.Equal(e.Value) || ambiguous != nil && slices.Contains(ambiguous.Keys, e.Key)) {
			override.Keys = append(override.Keys, e.Key)
		}
	}
	if len(override.Keys) > 0 && !force {
		return nil, override
	}
	lines := strings.SplitAfter(string(current), "\n")
	if _, made := ReadHeader(current); made {
		lines[0] = ""
	}
	for _, span := range readings[0].Spans {
		if _, ok := made[span.Key]; ok {
			clear(lines[span.From-1 : span.To])
		}
	}
	return []byte(strings.Join(lines, "")), nil
}

package files

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"regexp"
	"sync"
)

var (
	// ErrForeign says that a file was not made by hci.
	ErrForeign = errors.New("hci env export -o did not write it")
	// ErrEdited says that somebody changed what hci wrote.
	ErrEdited = errors.New("lines that hci wrote were changed; move your own below the last line that hci wrote")
)

// marker is the last line that hci writes into a file; what stands below it is
// a person's and is kept. It holds a digest of what stands above it.
var marker = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(?m)^# Your own lines go below this one; hci keeps them\. \[([0-9a-f]{16})\]\r?\n?`)
})

func markerLine(above []byte) string {
	sum := sha256.Sum256(above)
	return fmt.Sprintf("# Your own lines go below this one; hci keeps them. [%s]\n", hex.EncodeToString(sum[:8]))
}

// Renew returns the file that takes the place of current: what was made, the
// marker, and the lines that a person added below the marker of current. It
// fails with [ErrForeign] if current has no marker, and with [ErrEdited] if what
// stands above it is not what hci wrote, unless forced. An empty current is no
// file.
func Renew(current, made []byte, force bool) ([]byte, error) {
	var own []byte
	if len(current) > 0 {
		at := marker().FindSubmatchIndex(current)
		if at == nil && !force {
			return nil, ErrForeign
		}
		if at == nil {
			return Renew(nil, made, false)
		}
		if got := marker().FindSubmatch([]byte(markerLine(current[:at[0]]))); !bytes.Equal(got[1], current[at[2]:at[3]]) && !force {
			return nil, ErrEdited
		}
		own = current[at[1]:]
	}
	out := append(bytes.Clone(made), markerLine(made)...)
	return append(out, own...), nil
}

// Package words puts times and lists into the sentences of a deployment.
// Sentences stand where what they are about is known, never here.
package words

import (
	"fmt"
	"strings"
	"time"
)

// some names the first of several things.
func Some(names []string) string {
	const shown = 3
	if len(names) <= shown {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:shown], ", "), len(names)-shown)
}

func Clock(t *time.Time) string {
	if t == nil {
		return "a time that AWS doesn't tell"
	}
	return t.UTC().Format("2006-01-02 15:04:05 UTC")
}

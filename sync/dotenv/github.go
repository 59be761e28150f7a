package dotenv

import (
	"bytes"
	"crypto/rand"
	"strings"

	"hci/sync/dotenv/internal/reader"
)

// github writes for the file that $GITHUB_ENV names in GitHub Actions. Values
// of one line stand as they are, others between delimiters that nobody can
// guess. The log shows the values unless [Masks] is printed first.
//
// Not written: NODE_OPTIONS, GITHUB_… and RUNNER_…, which the runner does not
// let a step set.
// See https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands
func github() Dialect {
	return Dialect{
		name:     "github",
		consumer: "GitHub Actions",
		cannot: func(key, _ string) string {
			if key == "NODE_OPTIONS" || strings.HasPrefix(key, "GITHUB_") || strings.HasPrefix(key, "RUNNER_") {
				return "GitHub Actions does not let a step set the variable"
			}
			return ""
		},
		read: reader.GitHub,
		write: func(b *strings.Builder, entries []Entry, _ bool) {
			for _, e := range entries {
				v := e.Value.Reveal()
				if !hasLineEnd(v) {
					b.WriteString(e.Key + "=" + v + "\n")
					continue
				}
				delimiter := "HCI_" + rand.Text()
				for strings.Contains(v, delimiter) {
					delimiter = "HCI_" + rand.Text()
				}
				b.WriteString(e.Key + "<<" + delimiter + "\n" + v + "\n" + delimiter + "\n")
			}
		},
	}
}

// Masks returns the lines that make GitHub Actions hide the entries' values
// in its logs. They are commands: they go to the step's standard output,
// before the variables are set, and never into the file that [Encode]
// returns. The runner hides each line of a value of several lines as well. It
// cannot hide a value of nothing but white space.
func Masks(entries []Entry) []byte {
	var b bytes.Buffer
	escape := strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
	for _, e := range entries {
		v := e.Value.Reveal()
		if strings.TrimSpace(v) != "" {
			b.WriteString("::add-mask::" + escape.Replace(v) + "\n")
		}
	}
	return b.Bytes()
}

package dotenv

import (
	"bytes"
	"encoding/json"
	"strings"

	"hci/sync/dotenv/internal/reader"
)

// jsonObject writes one object of strings, a member on each line.
func jsonObject() Dialect {
	return Dialect{
		name:     "json",
		consumer: "a JSON parser",
		cannot:   func(string, string) string { return "" },
		read:     reader.JSON,
		write: func(b *strings.Builder, entries []Entry, _ bool) {
			if len(entries) == 0 {
				b.WriteString("{}\n")
				return
			}
			for i, e := range entries {
				before := ",\n  "
				if i == 0 {
					before = "{\n  "
				}
				b.WriteString(before + jsonString(e.Key) + ": " + jsonString(e.Value.Reveal()))
			}
			b.WriteString("\n}\n")
		},
	}
}

// jsonString returns s, which is UTF-8, as a JSON string.
func jsonString(s string) string {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(s); err != nil {
		panic(err) // a string always encodes
	}
	return strings.TrimSuffix(b.String(), "\n")
}

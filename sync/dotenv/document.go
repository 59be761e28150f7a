package dotenv

import (
	"encoding/json"
	"fmt"
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
	var b strings.Builder
	encodeJSON(&b, s, "")
	return strings.TrimSuffix(b.String(), "\n")
}

// encodeJSON writes v, which is made of strings, and a newline.
func encodeJSON(b *strings.Builder, v any, indent string) {
	enc := json.NewEncoder(b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", indent)
	if err := enc.Encode(v); err != nil {
		panic(err) // strings and structs of them always encode
	}
}

// yaml writes a mapping of double-quoted strings that YAML 1.1 and 1.2
// parsers read alike. Not written: keys of more than 1,000 bytes, which
// parsers do not take on one line with their value.
func yaml() Dialect {
	return Dialect{
		name:     "yaml",
		consumer: "a YAML parser",
		comments: true,
		cannot: func(key, _ string) string {
			if len(key) > 1000 {
				return "the key is too long for a YAML parser"
			}
			return ""
		},
		read: reader.YAML,
		write: func(b *strings.Builder, entries []Entry, _ bool) {
			if len(entries) == 0 {
				b.WriteString("{}\n")
			}
			for _, e := range entries {
				key := e.Key
				if reader.YAMLWord(key) {
					key = quote(`"`, key)
				}
				b.WriteString(key + ": " + yamlString(e.Value.Reveal()) + "\n")
			}
		},
	}
}

// yamlString returns s as a double-quoted scalar.
func yamlString(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteString(`\` + string(r))
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\r':
			b.WriteString(`\r`)
		case r == '\t':
			b.WriteString(`\t`)
		case reader.YAMLHidden(r):
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}

// ecs writes the "environment" and "secrets" of an ECS container definition:
// see [Entry].ValueFrom.
func ecs() Dialect {
	type environment struct {
		Name  string `json:"name"`
		Value string `json:"value"`
	}
	type secrets struct {
		Name      string `json:"name"`
		ValueFrom string `json:"valueFrom"`
	}
	type definition struct {
		Environment []environment `json:"environment"`
		Secrets     []secrets     `json:"secrets"`
	}
	return Dialect{
		name:     "ecs",
		consumer: "an ECS container definition",
		cannot:   func(string, string) string { return "" },
		refers:   true,
		read:     reader.ECS,
		write: func(b *strings.Builder, entries []Entry, _ bool) {
			d := definition{Environment: []environment{}, Secrets: []secrets{}}
			for _, e := range entries {
				if e.ValueFrom != "" {
					d.Secrets = append(d.Secrets, secrets{e.Key, e.ValueFrom})
				} else {
					d.Environment = append(d.Environment, environment{e.Key, e.Value.Reveal()})
				}
			}
			encodeJSON(b, d, "  ")
		},
	}
}

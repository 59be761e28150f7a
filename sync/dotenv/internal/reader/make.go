package reader

import "strings"

// MakeHelpers are the lines that stand at the top of a file for GNU make whose
// values need them: a "#" and a line feed by a name.
const MakeHelpers = `hci_hash := \#
define hci_newline


endef
`

// makeTexts are what in a value stands for what, besides a single "$".
var makeTexts = []struct{ written, meant string }{
	{"$$", "$"}, {"$()", ""}, {"$(hci_hash)", "#"}, {"$(hci_newline)", "\n"},
}

// Make reads lines "export KEY := value" of GNU make, with comments, in the form
// in which this package's parent writes them: see [MakeHelpers].
//
// https://www.gnu.org/software/make/manual/html_node/Setting.html
func Make(src string) ([]Pair, *Problem) {
	var pairs []Pair
	line := 0
	helpers := strings.Count(MakeHelpers, "\n")
	rest := src
	for rest != "" {
		line++
		if after, ok := strings.CutPrefix(rest, MakeHelpers); ok {
			rest, line = after, line+helpers-1
			continue
		}
		var text string
		text, rest, _ = strings.Cut(rest, "\n")
		if text == "" || text[0] == '#' {
			if strings.HasSuffix(text, `\`) {
				return nil, &Problem{Line: line, Summary: "the comment ends in a backslash"}
			}
			continue
		}
		after, ok := strings.CutPrefix(text, "export ")
		n := keyLen(after)
		if !ok || n == 0 || !strings.HasPrefix(after[n:], " := ") && after[n:] != " :=" {
			return nil, &Problem{Line: line, Summary: "the line is neither a comment nor export KEY := value"}
		}
		value, problem := makeValue(strings.TrimPrefix(strings.TrimPrefix(after[n:], " :="), " "))
		if problem != "" {
			return nil, &Problem{Line: line, Key: after[:n], Summary: problem}
		}
		pairs = append(pairs, Pair{Key: after[:n], Value: value, Line: line, End: line})
	}
	return pairs, nil
}

func makeValue(s string) (value, problem string) {
	switch {
	case strings.HasSuffix(s, `\`):
		return "", "the value ends in a backslash, which joins lines"
	case strings.TrimLeft(s, " \t\v\f\r") != s, strings.TrimRight(s, "\r") != s:
		return "", "there are blanks at the edge of the value, which make takes away"
	case strings.Contains(s, "#"):
		return "", "the value holds a comment"
	}
	var b strings.Builder
	for s != "" {
		written, meant := s[:1], s[:1]
		if s[0] == '$' {
			written = ""
			for _, t := range makeTexts {
				if strings.HasPrefix(s, t.written) {
					written, meant = t.written, t.meant
					break
				}
			}
			if written == "" {
				return "", Expands
			}
		}
		b.WriteString(meant)
		s = s[len(written):]
	}
	return b.String(), ""
}

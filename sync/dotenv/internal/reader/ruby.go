package reader

import "strings"

// Ruby reads a value as dotenv-ruby 3 does (lib/dotenv/parser.rb), and
// refuses what its setting DOTENV_LINEBREAK_MODE or earlier versions change:
// backslashes without quotes, and \n and \r in "…".
func Ruby(s string) (string, int, string) {
	if s != "" && (s[0] == '\'' || s[0] == '"') {
		content, n, problem := quoted(s)
		if end := closing(s) + 1; problem == "" && end < n && endsLater(s[end:n], s[0]) {
			problem = "the comment holds the quote of the value, where version 2 ends the value"
		}
		if problem != "" || s[0] == '\'' {
			return content, n, problem
		}
		if strings.Contains(content, `\n`) || strings.Contains(content, `\r`) {
			return "", 0, `the value holds \n or \r in double quotes, which versions read differently`
		}
		v, problem := rubySubstitute(rubyUnescape(content))
		return v, n, problem
	}
	line := unquoted(s)
	text, _, _ := strings.Cut(line, "#")
	v := strings.Trim(text, "\t\v\f ")
	switch {
	case strings.Contains(v, "\r"):
		return "", 0, holdsCR
	case strings.Contains(strings.ReplaceAll(strings.TrimSuffix(v, `\`), `\$`, ""), `\`):
		return "", 0, "the value holds backslashes without quotes, which versions read differently"
	}
	v, problem := rubySubstitute(v)
	return v, len(line), problem
}

// endsLater reports whether version 2, which takes the longest text between two
// quotes, ends a value in what follows it: at a quote that is the last thing on
// the line, or that a comment follows.
func endsLater(rest string, quote byte) bool {
	for i := 0; i < len(rest); i++ {
		if rest[i] != quote {
			continue
		}
		if after := strings.TrimLeft(rest[i+1:], " \t\r"); after == "" || after[0] == '#' {
			return true
		}
	}
	return false
}

// rubyUnescape removes a backslash before anything but "$".
func rubyUnescape(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+1 < len(s) && s[i+1] != '$' {
			i++
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// rubySubstitute does what is left of dotenv-ruby's substitutions where
// nothing is substituted: variables first, then commands lose the backslash
// that kept them from being run.
func rubySubstitute(s string) (string, string) {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		escaped := s[i] == '\\' && i+1 < len(s) && s[i+1] == '$'
		at := i
		if escaped {
			at++
		}
		if s[at] == '$' && !strings.HasPrefix(s[at+1:], "(") {
			if !escaped && rubyName(s[at+1:]) {
				return "", Expands
			}
			i = at
		}
		b.WriteByte(s[i])
	}
	s = b.String()
	b.Reset()
	for i := 0; i < len(s); i++ {
		escaped := strings.HasPrefix(s[i:], `\$(`)
		at := i
		if escaped {
			at++
		}
		if n := RubyCommand(s[at:]); n > 0 {
			if !escaped {
				return "", Expands
			}
			b.WriteString(s[at : at+n])
			i = at + n - 1
			continue
		}
		b.WriteByte(s[i])
	}
	return b.String(), ""
}

// rubyName reports whether the text after a "$" names a variable.
func rubyName(s string) bool {
	s = strings.TrimPrefix(s, "{")
	return s != "" && (keyLen(s) > 0 || '0' <= s[0] && s[0] <= '9')
}

// RubyCommand returns the length of the "$(…)" that s starts with, 0 if it
// starts with none: parentheses balanced, none of them empty.
func RubyCommand(s string) int {
	if !strings.HasPrefix(s, "$(") {
		return 0
	}
	var last byte = '('
	depth := 1
	for i := 2; i < len(s); i++ {
		switch s[i] {
		case '(':
			depth++
		case ')':
			if last == '(' {
				return 0
			}
			if depth--; depth == 0 {
				return i + 1
			}
		}
		last = s[i]
	}
	return 0
}

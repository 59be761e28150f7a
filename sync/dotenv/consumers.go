package dotenv

import (
	"slices"
	"strings"

	"hci/sync/dotenv/internal/reader"
)

// forms returns the ways to write a value, the simplest first. A form that a
// consumer does not read back to the value is passed over, so a list may
// hold forms that are wrong for some values.
type forms func(v string) []string

// anyName accepts every key.
func anyName(string) string { return "" }

// quote returns v between quotes, as it stands.
func quote(q, v string) string { return q + v + q }

// hasLineEnd reports whether v cannot stand on one line as it is.
func hasLineEnd(v string) bool { return strings.ContainsAny(v, "\n\r") }

// escape puts a backslash before each of chars in v.
func escape(v, chars string) string {
	var b strings.Builder
	for i := range len(v) {
		if strings.IndexByte(chars, v[i]) >= 0 {
			b.WriteByte('\\')
		}
		b.WriteByte(v[i])
	}
	return b.String()
}

// breaks writes line feeds and carriage returns as \n and \r.
func breaks(v string) string {
	return strings.ReplaceAll(strings.ReplaceAll(v, "\n", `\n`), "\r", `\r`)
}

// docker writes for "docker run --env-file" (and create): the value as it is.
// Not written: newlines, a CR at the end, lines of 64 KiB and more.
func docker() Dialect {
	return lines(Dialect{name: "docker", consumer: "docker run --env-file"},
		reader.Lines{Value: reader.Docker, Comments: "#", Blank: " \t", CRLF: true, MaxLine: reader.DockerMaxLine},
		func(v string) []string { return []string{v} }, anyName)
}

// compose writes for env_file and --env-file of Docker Compose 2 and later.
// It writes every value.
func compose() Dialect {
	return lines(Dialect{name: "compose", consumer: "Docker Compose"},
		reader.Lines{Value: reader.Compose, Comments: "#", Blank: " \t", Around: " \t", Export: true, CRLF: true},
		func(v string) []string {
			double := quote(`"`, breaks(escape(v, `\"$`)))
			if hasLineEnd(v) {
				return []string{double}
			}
			return []string{quote("'", v), double}
		}, anyName)
}

// python writes for python-dotenv, and for what is built on it. "${NAME}", which
// expands whatever the quotes, and a backslash at the end of what needs quotes,
// are written as "${:-$}{NAME}" and "${:-\}": right where interpolation is on,
// as it is unless a program turns it off.
func python() Dialect {
	d := lines(Dialect{name: "python", consumer: "python-dotenv"},
		reader.Lines{Value: reader.Python, Comments: "#", Blank: " \t", Around: " \t", Export: true, CRLF: true},
		func(v string) []string {
			text, end := reader.PythonLiteral(v)
			double := quote(`"`, breaks(escape(v, `\"`)))
			doubleLiteral := quote(`"`, breaks(escape(text, `\"`))+end)
			if hasLineEnd(v) {
				return []string{double, doubleLiteral}
			}
			return []string{quote("'", escape(v, `\'`)), double, v, quote("'", escape(text, `\'`)+end), doubleLiteral}
		}, anyName)
	d.note = func(text string) string {
		if strings.Contains(text, "${:-") {
			return `"${:-…}" stands for the character in it; python-dotenv's interpolation has to be on, as it is by default.`
		}
		return ""
	}
	return d
}

// node writes for node --env-file. Not written: CR; what needs quotes and
// holds all three kinds of them, or \n in what only double quotes can hold.
func node() Dialect {
	return lines(Dialect{name: "node", consumer: "node --env-file"},
		reader.Lines{Value: reader.Node, Comments: "#", Around: " ", Export: true, Narrow: true, CRLF: true},
		func(v string) []string { return []string{quote("'", v), quote(`"`, v), quote("`", v), v} }, anyName)
}

// npm writes for the npm package dotenv. Not written: "#" together with all
// three kinds of quotes, or with a quote or newline and a backslash at the
// end; CR or newlines that only double quotes can hold together with \n or \r;
// U+2028 and U+2029 together with a backslash at the end.
func npm() Dialect {
	return lines(Dialect{name: "npm", consumer: "the npm package dotenv"},
		reader.Lines{Value: reader.NPM, Comments: "#", Blank: " \t", Around: " \t", Export: true, CRLF: true},
		func(v string) []string {
			return []string{quote("'", v), quote(`"`, strings.ReplaceAll(v, "\r", `\r`)), quote("`", v), v, quote(`"`, breaks(v))}
		}, anyName)
}

// next writes for @next/env, Vite, bun, dotenv-cli and everything else that
// passes what npm's dotenv or node read through dotenv-expand: `\$` stands for
// "$", but at the end. Not written: what one of the two refuses, or reads otherwise.
func next() Dialect {
	return lines(Dialect{name: "next", consumer: "Next.js, Vite and bun (dotenv-expand)"},
		reader.Lines{Value: reader.Next, Comments: "#", Around: " ", Export: true, Narrow: true, CRLF: true},
		func(v string) []string {
			last := strings.HasSuffix(v, "$") && !strings.HasSuffix(v, `\$`)
			if v = escape(v, "$"); last { // bun before 1.4 keeps the backslash there, and nothing expands it
				v = strings.TrimSuffix(v, `\$`) + "$"
			}
			all := []string{quote("'", v), quote(`"`, v), quote("`", v), v, quote(`"`, breaks(v))}
			if strings.Contains(v, "'") { // quotes within quotes of their kind are the last resort
				all = append(slices.Delete(all, 0, 1), all[0])
			}
			return all
		}, anyName)
}

// php writes for vlucas/phpdotenv 5, which Laravel uses. It writes every value.
func php() Dialect {
	return lines(Dialect{name: "php", consumer: "phpdotenv"},
		reader.Lines{Value: reader.PHP, Comments: "#", Blank: " \t", Around: " \t", Export: true, CRLF: true, Comment: reader.PHPComment},
		func(v string) []string { return []string{quote("'", v), quote(`"`, breaks(escape(v, `\"$`)))} }, anyName)
}

// gitlab writes a dotenv report of GitLab CI: the values as they are, without
// comments or empty lines. Not written: line ends, blanks at the edges, "$" and
// "%NAME%", which jobs replace.
func gitlab() Dialect {
	d := lines(Dialect{name: "gitlab", consumer: "a dotenv report of GitLab CI"},
		reader.Lines{Value: reader.GitLab},
		func(v string) []string { return []string{v} }, anyName)
	d.comments = false
	return d
}

// godotenvLibrary writes for github.com/joho/godotenv 1.5. Not written: a
// backslash at the end, or a double quote at the end of what holds a single
// one, together with anything that needs quotes.
func godotenvLibrary() Dialect {
	return lines(Dialect{name: "godotenv", consumer: "godotenv"},
		reader.Lines{Value: reader.GoDotenv, Comments: "#", Blank: " \t", Around: " \t", Export: true, CRLF: true},
		func(v string) []string {
			double := quote(`"`, breaks(escape(v, `\"$`)))
			if hasLineEnd(v) {
				return []string{double, quote("'", v)}
			}
			return []string{quote("'", v), double, v, escape(v, "$")}
		}, anyName)
}

// ruby writes for dotenv-ruby 3. Not written: CR; a backslash at the end of
// what needs quotes or holds another; \n or \r together with a single quote,
// whose meaning DOTENV_LINEBREAK_MODE changes. (Version 2 also reads it, but
// before 2.8 no values of several lines.)
func ruby() Dialect {
	return lines(Dialect{name: "ruby", consumer: "dotenv-ruby"},
		reader.Lines{Value: reader.Ruby, Comments: "#", Blank: " \t", Around: " \t", Export: true, CRLF: true},
		func(v string) []string { return []string{quote("'", v), quote(`"`, rubyDouble(v)), rubyDollars(v)} }, anyName)
}

// rubyDouble escapes v for double quotes.
func rubyDouble(v string) string { return rubyEscape(v, `\"`) }

// rubyDollars escapes v for no quotes.
func rubyDollars(v string) string { return rubyEscape(v, "") }

// rubyEscape puts a backslash before chars and "$". dotenv-ruby runs "$(…)"
// and takes a backslash before it away only if the parentheses are balanced;
// inside of it only variables are looked at.
func rubyEscape(v, chars string) string {
	var b strings.Builder
	inCommand := 0
	for i := range len(v) {
		switch n := reader.RubyCommand(v[i:]); {
		case n > 0 && i >= inCommand:
			b.WriteByte('\\')
			inCommand = i + n
		case v[i] == '$' && !strings.HasPrefix(v[i:], "$("), strings.IndexByte(chars, v[i]) >= 0:
			b.WriteByte('\\')
		}
		b.WriteByte(v[i])
	}
	return b.String()
}

// direnv writes for "dotenv" in an .envrc. Not written: a newline or CR
// together with "$", \n or \r; the variables that direnv keeps as they are.
func direnv() Dialect {
	return lines(Dialect{name: "direnv", consumer: "direnv"},
		reader.Lines{Value: reader.Direnv, Comments: "#", Blank: " \t", Around: " \t", Export: true, CRLF: true, Comment: reader.DirenvComment},
		func(v string) []string { return []string{quote("'", v), quote(`"`, breaks(escape(v, `\"`)))} },
		func(key string) string {
			switch {
			case strings.HasPrefix(key, "DIRENV_"), strings.HasPrefix(key, "BASH_FUNC_"), strings.HasPrefix(key, "__fish"),
				key == "PS1", key == "PWD", key == "OLDPWD", key == "SHELL":
				return "direnv does not set the variable"
			}
			return notShell(key)
		})
}

// systemd writes for EnvironmentFile= of a unit. Not written: code points that
// are not characters.
func systemd() Dialect {
	return lines(Dialect{name: "systemd", consumer: "systemd"},
		reader.Lines{Value: reader.Systemd, Comments: "#;", Blank: " \t", Around: " \t", CRLF: true},
		func(v string) []string { return []string{quote(`"`, escape(v, "\\\"$`"))} }, anyName)
}

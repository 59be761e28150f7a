package dotenv

import (
	"strings"

	"github.com/joho/godotenv"

	"hci/sync/dotenv/internal/reader"
)

// universal writes what every consumer reads alike; see the package comment.
func universal() Dialect {
	d := lines(Dialect{name: "dotenv", consumer: "what every consumer reads alike"},
		reader.Lines{Value: reader.Universal, Comments: "#", Export: true, Narrow: true},
		func(v string) []string {
			switch {
			case reader.SingleSafe(v):
				return []string{"'" + v + "'"}
			case reader.DoubleSafe(v):
				return []string{`"` + v + `"`}
			}
			return nil
		}, notShell)
	d.second = func(src string) (map[string]string, bool) {
		// The error is dropped because it quotes the file.
		m, err := godotenv.Unmarshal(src)
		return m, err == nil
	}
	return d
}

// sh writes words of the POSIX shell (XCU 2.2.2).
func sh() Dialect {
	return lines(Dialect{name: "sh", consumer: "the shell"},
		reader.Lines{Value: reader.Sh, Comments: "#", Blank: " \t", Export: true},
		func(v string) []string {
			return []string{"'" + strings.ReplaceAll(v, "'", `'\''`) + "'"}
		}, notShell)
}

// notShell refuses the variables that bash or dash keep for themselves: an
// assignment in a sourced file fails or is not what is read afterwards.
func notShell(key string) string {
	switch key {
	case "BASHOPTS", "BASH_VERSINFO", "EUID", "PPID", "SHELLOPTS", "UID":
		return "the variable is read-only in bash"
	case "_", "BASHPID", "BASH_ALIASES", "BASH_ARGC", "BASH_ARGV", "BASH_ARGV0", "BASH_CMDS",
		"BASH_COMMAND", "BASH_LINENO", "BASH_SOURCE", "BASH_SUBSHELL", "COMP_WORDBREAKS",
		"DIRSTACK", "EPOCHREALTIME", "EPOCHSECONDS", "FUNCNAME", "GROUPS", "HISTCMD", "LINENO",
		"OPTIND", "PIPESTATUS", "RANDOM", "SECONDS", "SHLVL", "SRANDOM":
		return "the shell sets the variable by itself"
	case "BASH_COMPAT", "BASH_XTRACEFD":
		return "bash checks the variable's value"
	}
	return ""
}

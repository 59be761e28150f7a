package dotenv

import (
	"strings"

	"github.com/joho/godotenv"

	"hci/sync/dotenv/internal/reader"
)

// universal writes what every consumer reads alike; see the package comment.
func universal() Dialect {
	d := lines(Dialect{name: "dotenv", consumer: "what every consumer reads alike"},
		reader.Lines{Value: reader.Universal, Comments: "#", Export: true, Narrow: true, Comment: reader.PHPComment},
		func(v string) []string {
			switch {
			case reader.SingleSafe(v):
				return []string{"'" + v + "'"}
			case reader.DoubleSafe(v):
				return []string{`"` + v + `"`}
			}
			return nil
		}, notAnyShell)
	d.second = func(src string) (map[string]string, bool) {
		// The error is dropped because it quotes the file.
		m, err := godotenv.Unmarshal(src)
		return m, err == nil
	}
	return d
}

// sh writes words of the POSIX shell (XCU 2.2.2).
func sh() Dialect { return posix("sh", "the shell", reader.Sh, notShell) }

func posix(name, consumer string, value reader.ValueFunc, notName func(string) string) Dialect {
	return lines(Dialect{name: name, consumer: consumer},
		reader.Lines{Value: value, Comments: "#", Blank: " \t", Export: true},
		func(v string) []string {
			return []string{"'" + strings.ReplaceAll(v, "'", `'\''`) + "'"}
		}, notName)
}

// zsh writes words of zsh: those of sh, for the variables that zsh does not keep
// for itself.
func zsh() Dialect { return posix("zsh", "zsh", reader.Zsh, notZsh) }

// fish writes "set -gx KEY 'value'" for "source" in the fish shell.
func fish() Dialect {
	return Dialect{
		name:     "fish",
		consumer: "fish",
		comments: true,
		cannot: func(key, _ string) string {
			switch key {
			case "status", "PWD", "SHLVL", "history", "version", "FISH_VERSION", "umask", "hostname", "_", "pipestatus", "status_generation":
				return "fish sets the variable by itself"
			}
			if strings.HasPrefix(key, "fish_") || strings.HasPrefix(key, "__fish") {
				return "fish keeps the variable for itself"
			}
			return ""
		},
		read: reader.Fish,
		write: func(b *strings.Builder, entries []Entry, _ bool) {
			for _, e := range entries {
				b.WriteString("set -gx " + e.Key + " '" + escape(e.Value.Reveal(), `\'`) + "'\n")
			}
		},
	}
}

// makefile writes "export KEY := value" for "include" in a makefile of GNU make.
// Not written: the variables of make itself.
func makefile() Dialect {
	text := func(v string) string {
		v = strings.NewReplacer("$", "$$", "#", "$(hci_hash)", "\n", "$(hci_newline)").Replace(v)
		if strings.TrimLeft(v, " \t\v\f\r") != v {
			v = "$()" + v
		}
		if strings.TrimRight(v, "\\\r \t\v\f") != v {
			v += "$()"
		}
		return v
	}
	return Dialect{
		name:     "make",
		consumer: "GNU make",
		comments: true,
		cannot: func(key, _ string) string {
			switch key {
			case "SHELL", "CURDIR", "VPATH", "SUFFIXES", "MFLAGS", "GNUMAKEFLAGS", "hci_hash", "hci_newline":
				return "make sets the variable by itself"
			}
			if strings.HasPrefix(key, "MAKE") {
				return "make keeps the variable for itself"
			}
			return ""
		},
		read: reader.Make,
		write: func(b *strings.Builder, entries []Entry, _ bool) {
			var lines strings.Builder
			for _, e := range entries {
				lines.WriteString(strings.TrimRight("export "+e.Key+" := "+text(e.Value.Reveal()), " ") + "\n")
			}
			if strings.Contains(lines.String(), "$(hci_") {
				b.WriteString(reader.MakeHelpers)
			}
			b.WriteString(lines.String())
		},
	}
}

// notAnyShell refuses the variables that a shell which may source the file keeps
// for itself.
func notAnyShell(key string) string {
	if reason := notShell(key); reason != "" {
		return reason
	}
	return notZsh(key)
}

// notZsh refuses the variables that zsh keeps for itself: it stops at an
// assignment, or makes a number or an array of it.
//
// https://zsh.sourceforge.io/Doc/Release/Parameters.html
func notZsh(key string) string {
	switch key {
	case "USERNAME", "UID", "GID", "EUID", "EGID", "TTYIDLE", "ERRNO", "COLUMNS", "LINES", "SHLVL", "KEYTIMEOUT", "LISTMAX", "HISTSIZE", "SAVEHIST",
		"MAILCHECK", "OPTIND", "TRY_BLOCK_ERROR", "TRY_BLOCK_INTERRUPT", "ZSH_EVAL_CONTEXT", "HISTCMD", "LINENO", "RANDOM", "SECONDS", "PPID", "_", "ARGC", "FUNCNEST",
		"path", "status", "argv", "cdpath", "fpath", "manpath", "watch", "pipestatus", "fignore", "mailpath", "module_path", "psvar", "zsh_eval_context",
		"functions", "aliases", "options", "commands", "parameters", "modules", "dirstack", "dis_aliases", "galiases", "saliases", "nameddirs", "userdirs", "usergroups",
		"keymaps", "widgets", "history", "historywords", "jobdirs", "jobstates", "jobtexts", "termcap", "terminfo", "reswords", "patchars", "errnos", "sysparams",
		"builtins", "funcstack", "functrace", "funcsourcetrace", "funcfiletrace", "EPOCHSECONDS", "EPOCHREALTIME", "epochtime":
		return "zsh keeps the variable for itself"
	}
	return ""
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

// Package process puts the environment of a program together: what hci itself
// has, and the variables that are added to it.
//
// Some variables say what a program is rather than what it should know: where
// programs and their configuration are looked up, which code a loader or an
// interpreter takes in before the program's own, where requests go. Those are
// held back unless they are allowed by name ([Protected]): whoever can change a
// secrets file could otherwise run code on every teammate's machine.
//
// The list is one of families of programs, and no more than that: a program of
// none of these families that takes code or commands from a variable gets it.
package process

import (
	"errors"
	"fmt"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"unicode/utf8"

	"hci/sync/dotenv"
)

// Options of [Build].
type Options struct {
	Clean bool     // start from an empty environment
	Allow []string // protected variables that may be set
}

// KeyError is a variable that no program can get.
type KeyError struct{ Key, Problem string }

func (e *KeyError) Error() string { return fmt.Sprintf("%q %s", e.Key, e.Problem) }

// keyForm is POSIX's.
//
// https://pubs.opengroup.org/onlinepubs/9799919799/basedefs/V1_chap08.html
var keyForm = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`) })

// Build returns the environment for a program, and the keys that were left
// alone because they are protected. Errors are [*KeyError]s, joined; they hold
// no values.
func Build(environ []string, entries []dotenv.Entry, o Options) (vars, kept []string, err error) {
	set := map[string]bool{}
	var problems []error
	var added []string
	for _, e := range entries {
		key, value := e.Key, e.Value.Reveal()
		switch problem := Problem(key, value); {
		case set[fold(key)]:
			problems = append(problems, &KeyError{key, "is set twice"})
		case problem != "":
			problems = append(problems, &KeyError{key, problem})
		case Protected(key) && !allowed(o.Allow, key):
			kept = append(kept, key)
			continue
		}
		set[fold(key)] = true
		added = append(added, key+"="+value)
	}
	for _, kv := range environ {
		key, _, _ := strings.Cut(kv, "=")
		if !set[fold(key)] && (!o.Clean || needed(key)) {
			vars = append(vars, kv)
		}
	}
	vars = append(vars, added...)
	if size := total(vars); size > maxTotal {
		problems = append(problems, fmt.Errorf("the environment has %d bytes; this system takes %d", size, maxTotal))
	}
	if len(problems) > 0 {
		return nil, nil, errors.Join(problems...)
	}
	return vars, kept, nil
}

// fold is how the system compares the names of variables.
func fold(key string) string {
	if runtime.GOOS == "windows" {
		return strings.ToUpper(key)
	}
	return key
}

// needed reports whether no program starts without a variable.
func needed(key string) bool { return runtime.GOOS == "windows" && fold(key) == "SYSTEMROOT" }

// Problem says why no program on this system can get a variable, or nothing.
func Problem(key, value string) string {
	switch {
	case !keyForm().MatchString(key):
		return "is no name for an environment variable: letters, digits and _, not beginning with a digit"
	case strings.IndexByte(value, 0) >= 0:
		return "holds a NUL byte, which no environment variable can"
	case !utf8.ValidString(value):
		return "is not valid UTF-8"
	case len(key)+len(value)+2 > maxString:
		return fmt.Sprintf("has %d bytes; this system takes %d with the name", len(value), maxString-2)
	}
	return ""
}

// total is what a system counts: each text with its NUL, and a pointer to it.
func total(vars []string) int {
	n := 0
	for _, v := range vars {
		n += len(v) + 1 + pointerSize
	}
	return n
}

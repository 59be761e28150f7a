package sync

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"
)

// What AWS Secrets Manager accepts.
//
// https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_limits.html
// https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_CreateSecret.html
const (
	MaxValue = 65536 // bytes of a value
	MaxName  = 512   // characters of a name
)

var (
	nameChars = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[A-Za-z0-9/_+=.@-]+$`) })
	// A name that ends like this is taken for the end of an ARN.
	arnEnd = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`-[A-Za-z0-9/_+=.@-]{6}$`) })
)

// LimitError is a secret that the store would not accept.
type LimitError struct {
	Name    string
	Problem string // "has 70000 bytes, 65536 are the limit"
	// Parameter tells that it is a parameter of Systems Manager.
	Parameter bool
}

func (e *LimitError) Error() string {
	if e.Parameter {
		return fmt.Sprintf("parameter %q %s", e.Name, e.Problem)
	}
	return fmt.Sprintf("secret %q %s", e.Name, e.Problem)
}

// LimitErrors is all that stands in a plan's way.
type LimitErrors []*LimitError

func (e LimitErrors) Error() string {
	lines := make([]string, len(e))
	for i, one := range e {
		lines[i] = one.Error()
	}
	return strings.Join(lines, "\n")
}

// Unwrap returns each problem.
func (e LimitErrors) Unwrap() []error {
	all := make([]error, len(e))
	for i, one := range e {
		all[i] = one
	}
	return all
}

// UnknownNameError is a name in [ApplyOptions.Only] that the plan doesn't have.
type UnknownNameError struct{ Name string }

func (e *UnknownNameError) Error() string { return fmt.Sprintf("no secret is named %q", e.Name) }

// Check reports everything that would keep [Apply] from starting with these
// options: LimitErrors, or an UnknownNameError for each name in Only that
// isn't in the plan.
func (p Plan) Check(o ApplyOptions) error {
	if err := p.checkOnly(slices.Concat(o.Only, o.Owned)); err != nil {
		return err
	}
	var all LimitErrors
	seen := map[id]bool{}
	for _, c := range p.Changes {
		if !o.selects(c.Name) {
			continue
		}
		key := id{c.Place, c.Name}
		if seen[key] {
			all = append(all, &LimitError{c.Name, "is declared more than once", c.Want.Meta.Parameter != nil})
		}
		seen[key] = true
		for _, problem := range problems(c, o) {
			all = append(all, &LimitError{c.Name, problem, c.Want.Meta.Parameter != nil})
		}
	}
	if len(all) == 0 {
		return nil
	}
	return all
}

func (p Plan) checkOnly(only []string) error {
	known := make(map[string]bool, len(p.Changes))
	for _, c := range p.Changes {
		known[c.Name] = true
	}
	var all []error
	for _, name := range only {
		if !known[name] {
			all = append(all, &UnknownNameError{name})
			known[name] = true // once is enough
		}
	}
	return errors.Join(all...)
}

// problems lists what keeps a change from being carried out, if it would be.
func problems(c Change, o ApplyOptions) []string {
	do, _ := o.action(c)
	if do == skip || do == revert || c.Want.Status != Known && do != write {
		return nil
	}
	if c.Want.Meta.Parameter != nil {
		return parameterProblems(c, do == create)
	}
	var all []string
	if do == create {
		all = nameProblems(c.Name)
	}
	switch n := c.Want.Value.Len(); {
	case n == 0:
		all = append(all, "has an empty value, which Secrets Manager can't hold")
	case n > MaxValue:
		all = append(all, fmt.Sprintf("has %d bytes, %d are the limit", n, MaxValue))
	}
	if !c.Want.Binary && !utf8.ValidString(c.Want.Value.Reveal()) {
		all = append(all, "is not valid UTF-8")
	}
	return all
}

func nameProblems(name string) []string {
	var all []string
	if !nameChars().MatchString(name) {
		all = append(all, "has a name with other characters than ASCII letters, digits and /_+=.@-")
	}
	if n := utf8.RuneCountInString(name); n > MaxName {
		all = append(all, fmt.Sprintf("has a name of %d characters, %d are the limit", n, MaxName))
	}
	return all
}

// Advised reports whether AWS advises against a name, though it accepts it: one
// that ends in a hyphen and six characters can be taken for the end of an ARN.
//
// https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_CreateSecret.html
func Advised(name string) bool { return !arnEnd().MatchString(name) }

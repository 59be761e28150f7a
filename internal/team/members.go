// Package team keeps an environment's passphrase in the repository, encrypted
// to each member of the team with age, and to keys of AWS KMS for CI.
//
// Where a passphrase comes from otherwise is in hci/internal/term. The sealed
// files stay what they are: who knows the passphrase needs only openssl.
package team

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
)

// Where the files lie, from the project's root.
const (
	Dir         = ".hci"
	MembersFile = ".hci/members"
)

// File is where an environment's passphrase lies, encrypted.
func File(env string) string { return Dir + "/" + env + ".age" }

// Member is somebody, or a CI, who may open environments.
type Member struct {
	Name         string   `json:"name"`
	Environments []string `json:"environments"`
	Key          string   `json:"key"` // see [ParseKey]
}

// May reports whether the member may open an environment.
func (m Member) May(env string) bool { return slices.Contains(m.Environments, env) }

// Members are the lines of .hci/members.
type Members []Member

const heading = `# Who may open which environment. 'hci team add' and 'hci team remove' write this
# file. A line that somebody writes by hand opens nothing: the passphrases are
# encrypted to the members that a member has added.
#
# NAME  ENVIRONMENTS  KEY
`

var (
	namePattern = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}$`) })
	envPattern  = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]*$`) })
)

// LineError says which line of .hci/members is wrong.
type LineError struct {
	Line int
	Text string
}

func (e *LineError) Error() string { return fmt.Sprintf("%s:%d: %s", MembersFile, e.Line, e.Text) }

// ParseMembers reads .hci/members.
func ParseMembers(data []byte) (Members, error) {
	var all Members
	n := 0
	for line := range bytes.Lines(data) {
		n++
		text := strings.TrimSpace(string(line))
		if text == "" || strings.HasPrefix(text, "#") {
			continue
		}
		words := strings.Fields(text)
		if len(words) < 3 {
			return nil, &LineError{n, "a line is NAME ENVIRONMENTS KEY"}
		}
		m := Member{Name: words[0], Environments: strings.Split(words[1], ","), Key: strings.Join(words[2:], " ")}
		if err := all.check(m); err != nil {
			return nil, &LineError{n, err.Error()}
		}
		all = append(all, m)
	}
	return all, nil
}

// check says what is wrong with a new member.
func (all Members) check(m Member) error {
	if !namePattern().MatchString(m.Name) {
		return fmt.Errorf("%q is not a name: letters, digits and ._@- only", m.Name)
	}
	if all.Find(m.Name) != nil {
		return fmt.Errorf("%s is there already", m.Name)
	}
	for _, env := range m.Environments {
		if !envPattern().MatchString(env) {
			return fmt.Errorf("%q is not an environment's name", env)
		}
	}
	_, err := ParseKey(m.Key)
	return err
}

// Find returns a member by name, or nil.
func (all Members) Find(name string) *Member {
	for i := range all {
		if all[i].Name == name {
			return &all[i]
		}
	}
	return nil
}

// Add returns the members with one more.
func (all Members) Add(m Member) (Members, error) {
	if err := all.check(m); err != nil {
		return nil, err
	}
	return append(slices.Clone(all), m), nil
}

// Without returns the members without one.
func (all Members) Without(name string) Members {
	return slices.DeleteFunc(slices.Clone(all), func(m Member) bool { return m.Name == name })
}

// Of returns those who may open an environment.
func (all Members) Of(env string) Members {
	return slices.DeleteFunc(slices.Clone(all), func(m Member) bool { return !m.May(env) })
}

// Bytes is .hci/members as it is to be written.
func (all Members) Bytes() []byte {
	var names, envs int
	for _, m := range all {
		names, envs = max(names, len(m.Name)), max(envs, len(strings.Join(m.Environments, ",")))
	}
	var b bytes.Buffer
	b.WriteString(heading)
	for _, m := range all {
		fmt.Fprintf(&b, "%-*s  %-*s  %s\n", names, m.Name, envs, strings.Join(m.Environments, ","), m.Key)
	}
	return b.Bytes()
}

// Package trust keeps what the user has agreed to run of what a repository
// names. Whose the files of a repository are is hci/internal/ownership's
// question.
//
// A command that hci.hcl names is data until the user has seen it and said yes.
// The agreement covers the program and its arguments, for one setting of one
// environment, in one project; and, of the program and of each argument that is
// by itself the path of a script in the project, the file's content. It does not
// cover what that program reads further. Anything else asks again. Agreements lie in the user's
// own state directory, which comes with no repository.
package trust

import (
	"bytes"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"hci/internal/atomicfile"
	"hci/internal/ownership"
)

// Variable holds digests of commands that are agreed to, separated by commas or
// blanks: for CI, where nobody can be asked.
const Variable = "HCI_TRUST"

const (
	fileName  = "trust.json"
	maxFile   = 1 << 20  // bytes of the file of agreements
	maxScript = 16 << 20 // bytes of a file that is an argument
	version   = "hci trust 1"
)

// Command is a program that a repository names.
type Command struct {
	Setting string   `json:"setting"`               // of hci.hcl: passphrase_command …
	Env     string   `json:"environment,omitempty"` // whose setting it is
	Argv    []string `json:"argv"`
}

// String shows the command as it would be run, each word in quotes if there is
// anything in it that could be misread.
func (c Command) String() string {
	words := make([]string, len(c.Argv))
	for i, word := range c.Argv {
		words[i] = word
		if word == "" || strings.ContainsFunc(word, func(r rune) bool {
			return !('a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || strings.ContainsRune("_-./:=@%+,", r))
		}) {
			words[i] = fmt.Sprintf("%q", word)
		}
	}
	return strings.Join(words, " ")
}

// Where names the setting.
func (c Command) Where() string {
	if c.Env == "" {
		return c.Setting
	}
	return fmt.Sprintf("%s of %q", c.Setting, c.Env)
}

// Digest is what is agreed to, in hex. It does not hold the project's root, so
// that CI can have it in advance.
func (c Command) Digest(root string) (string, error) {
	h := sha256.New()
	put := func(text string) {
		_ = binary.Write(h, binary.BigEndian, uint64(len(text))) // a hash takes everything
		_, _ = h.Write([]byte(text))
	}
	for _, text := range append([]string{version, c.Setting, c.Env}, c.Argv...) {
		put(text)
	}
	for i, word := range c.Argv {
		content, in, err := fileOf(root, word, i == 0)
		if err != nil {
			return "", fmt.Errorf("%s: argument %d: %w", c.Where(), i, err)
		}
		if in {
			sum := sha256.Sum256(content)
			put(fmt.Sprintf("%d", i))
			put(string(sum[:]))
		}
	}
	return hex.EncodeToString(h.Sum(nil)[:20]), nil
}

// scripts end the names of files that an interpreter runs.
var scripts = []string{".sh", ".bash", ".zsh", ".fish", ".py", ".rb", ".pl", ".js", ".mjs", ".ts", ".php", ".lua", ".ps1", ".bat", ".cmd"}

// fileOf returns the content of the program or script that an argument names, if
// that lies in the project or is a link in it. A file that is no program may be
// a passphrase, of which no digest is made: it could be guessed from one.
func fileOf(root, word string, program bool) (content []byte, in bool, err error) {
	path := word
	if !filepath.IsAbs(path) {
		path = filepath.Join(root, filepath.FromSlash(path))
	}
	rel, err := filepath.Rel(root, path)
	if word == "" || err != nil || !filepath.IsLocal(rel) {
		return nil, false, nil
	}
	info, err := os.Stat(path)
	if err != nil || info.IsDir() {
		return nil, false, nil // a word that happens to name nothing, or a directory
	}
	content, err = atomicfile.Read(path, maxScript)
	if err != nil {
		return nil, false, err
	}
	program = program || info.Mode().Perm()&0o111 != 0 || bytes.HasPrefix(content, []byte("#!")) ||
		slices.Contains(scripts, strings.ToLower(filepath.Ext(path)))
	return content, program, nil
}

// Pin is an agreement.
type Pin struct {
	Command
	Root   string    `json:"root"`
	Digest string    `json:"digest"`
	At     time.Time `json:"at"`
}

// Store keeps the agreements of one project.
type Store struct {
	Dir  string // the project's state directory
	Root string // the project's root
}

// UntrustedError says that a command was not run because the user has not
// agreed to it.
type UntrustedError struct {
	Command Command
	File    string // where it stands
	Digest  string
	Changed bool // another one was agreed to in its place
}

func (e *UntrustedError) Error() string {
	what := "has not been trusted"
	if e.Changed {
		what = "has changed since it was trusted"
	}
	return fmt.Sprintf("%s in %s %s and was not run: %s", e.Command.Where(), e.File, what, e.Command)
}

// Next says how to agree.
func (e *UntrustedError) Next() string {
	words := "hci trust"
	if e.Command.Env != "" {
		words += " " + e.Command.Env
	}
	return fmt.Sprintf("'%s' shows it and asks; in CI, where you have read it: %s=%s", words, Variable, e.Digest)
}

// Check fails with an [*UntrustedError] unless the user has agreed to a command.
// given is the value of [Variable]; file is where the command stands.
func (s Store) Check(c Command, file, given string) error {
	digest, err := c.Digest(s.Root)
	if err != nil {
		return err
	}
	for _, word := range strings.FieldsFunc(given, func(r rune) bool { return r == ',' || r == ' ' || r == '\n' || r == '\t' }) {
		if subtle.ConstantTimeCompare([]byte(strings.ToLower(word)), []byte(digest)) == 1 {
			return nil
		}
	}
	pins, err := s.Pins()
	if err != nil {
		return err
	}
	changed := false
	for _, p := range pins {
		if p.Root != s.Root || p.Setting != c.Setting || p.Env != c.Env {
			continue
		}
		if p.Digest == digest {
			return nil
		}
		changed = true
	}
	return &UntrustedError{Command: c, File: file, Digest: digest, Changed: changed}
}

// Agree records that the user agreed to commands, each in place of what was
// agreed to for its setting.
func (s Store) Agree(commands ...Command) error {
	return s.change(func(pins []Pin) ([]Pin, error) {
		for _, c := range commands {
			digest, err := c.Digest(s.Root)
			if err != nil {
				return nil, err
			}
			pins = slices.DeleteFunc(pins, func(p Pin) bool { return p.Root == s.Root && p.Setting == c.Setting && p.Env == c.Env })
			pins = append(pins, Pin{Command: c, Root: s.Root, Digest: digest, At: time.Now().UTC().Truncate(time.Second)})
		}
		return pins, nil
	})
}

// Revoke takes back what was agreed to for an environment, or for all of them if
// it is "", and returns it.
func (s Store) Revoke(env string) (gone []Pin, err error) {
	err = s.change(func(pins []Pin) ([]Pin, error) {
		return slices.DeleteFunc(pins, func(p Pin) bool {
			is := p.Root == s.Root && (env == "" || p.Env == env)
			if is {
				gone = append(gone, p)
			}
			return is
		}), nil
	})
	return gone, err
}

// Pins lists what the user agreed to, in all work trees of the project.
func (s Store) Pins() ([]Pin, error) {
	if err := ownership.Private(s.Dir); err != nil {
		return nil, err
	}
	path := filepath.Join(s.Dir, fileName)
	data, err := atomicfile.Read(path, maxFile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var pins []Pin
	if json.Unmarshal(data, &pins) != nil {
		return nil, fmt.Errorf("%s is not a list of trusted commands that this version of hci can read", path)
	}
	return pins, nil
}

func (s Store) change(f func([]Pin) ([]Pin, error)) error {
	if err := ownership.MakePrivate(s.Dir); err != nil {
		return err
	}
	unlock, err := atomicfile.Lock(filepath.Join(s.Dir, "trust.lock"))
	if err != nil {
		return err
	}
	defer unlock()
	pins, err := s.Pins()
	if err != nil {
		return err
	}
	if pins, err = f(pins); err != nil {
		return err
	}
	data, err := json.MarshalIndent(pins, "", "  ")
	if err != nil {
		return err
	}
	return atomicfile.Write(filepath.Join(s.Dir, fileName), append(data, '\n'), atomicfile.Options{})
}

// Package plan keeps what a push is going to write in a file, so that
// somebody can look at it before somebody else, or CI, carries it out.
//
// The file holds names, versions and fingerprints, never values. A fingerprint
// is an HMAC-SHA256 whose key is derived from the passphrase of the environment
// (PBKDF2-SHA256, 600,000 rounds, a random salt): without the passphrase it
// tells nothing, not even whether two secrets are equal. The same key binds the
// whole file: one of which anything was changed (the environment, an account, a
// region, an option, a version) is refused.
package plan

import (
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"hci/sync"
	"hci/sync/secret"
)

// Schema is the version of the file's form.
const Schema = 2

const (
	rounds    = 600_000
	saltBytes = 16
	keyBytes  = 32
	tagBytes  = 16
)

// File is a plan as it lies in a file.
type File struct {
	Schema      int     `json:"hci_plan"`
	Environment string  `json:"environment"`
	Places      []Place `json:"places"`
	Options     Options `json:"options"`
	Salt        string  `json:"salt"`  // hexadecimal
	Check       string  `json:"check"` // tells a wrong passphrase
	Secrets     []Entry `json:"secrets"`
	Seal        string  `json:"seal"` // of all of the above
}

// Place is where in AWS secrets are.
type Place struct {
	Account string `json:"account"` // "" where it could not be asked for
	Region  string `json:"region"`
	// Parameters tells that it is the Parameter Store, not Secrets Manager.
	Parameters bool `json:"parameter_store,omitempty"`
}

func (p Place) String() string {
	text := p.Region
	if p.Account != "" {
		text = "account " + p.Account + ", " + p.Region
	}
	if p.Parameters {
		text += ", Parameter Store"
	}
	return text
}

// Options are those of the push that is planned.
type Options struct {
	Create  bool `json:"create,omitempty"`
	Restore bool `json:"restore,omitempty"`
	Ignored bool `json:"ignored,omitempty"`
	// ReplaceBinary lets a text take the place of bytes, and the reverse.
	ReplaceBinary bool     `json:"replace_binary,omitempty"`
	Prune         bool     `json:"prune,omitempty"`
	Window        int      `json:"recovery_window_days,omitempty"`
	State         bool     `json:"state,omitempty"`
	Only          []string `json:"only,omitempty"`
	Rotated       []string `json:"rotated,omitempty"` // secrets that are written although AWS rotates them
}

// Entry is a secret that will be written.
type Entry struct {
	Place
	Name        string `json:"name"`
	Kind        string `json:"kind"`              // sync.Kind's text
	Version     string `json:"version,omitempty"` // the VersionId that was seen
	Fingerprint string `json:"fingerprint"`       // of the new value
}

var (
	// ErrForm says that a file is not a plan of this version.
	ErrForm = errors.New("not a plan file of this version of hci")
	// ErrPassphrase says that the plan was made with another passphrase.
	ErrPassphrase = errors.New("the plan was made with another passphrase")
	// ErrAltered says that the file is not as it was written. It is a
	// sync.ErrConflict.
	ErrAltered error = alteredError{}
)

type alteredError struct{}

func (alteredError) Error() string {
	return "the plan file was altered after it was written; nothing was written"
}

// Is reports whether target is [sync.ErrConflict].
func (alteredError) Is(target error) bool { return target == sync.ErrConflict }

// ElsewhereError says that carrying out a plan would write elsewhere than it
// says. It is a sync.ErrConflict.
type ElsewhereError struct{ Planned, Now []Place }

func (e *ElsewhereError) Error() string {
	return fmt.Sprintf("the plan is for %s, and this would write in %s; nothing was written", list(e.Planned), list(e.Now))
}

// Is reports whether target is [sync.ErrConflict].
func (e *ElsewhereError) Is(target error) bool { return target == sync.ErrConflict }

func list(places []Place) string {
	var all []string
	for _, p := range places {
		all = append(all, p.String())
	}
	return strings.Join(all, " and ")
}

// MovedError says that carrying out a plan would do something else than it
// says. It is a sync.ErrConflict.
type MovedError struct{ Names []string }

func (e *MovedError) Error() string {
	return fmt.Sprintf("what there is to write is no longer what was planned; nothing was written; it differs for %s", strings.Join(e.Names, ", "))
}

// Is reports whether target is [sync.ErrConflict].
func (e *MovedError) Is(target error) bool { return target == sync.ErrConflict }

// Subject is what a push is about.
type Subject struct {
	Environment string
	Places      []Place
	At          func(place string) Place // of a [sync.Change]'s place
	Options     Options
	Plan        sync.Plan
	Apply       sync.ApplyOptions
}

// New makes the file for what Apply would write of a plan.
func New(s Subject, passphrase secret.Value) (*File, error) {
	salt := make([]byte, saltBytes)
	if _, err := io.ReadFull(rand.Reader, salt); err != nil {
		return nil, err
	}
	f := &File{Schema: Schema, Environment: s.Environment, Places: s.Places, Options: s.Options, Salt: hex.EncodeToString(salt)}
	key, err := f.key(passphrase)
	if err != nil {
		return nil, err
	}
	f.Check = tag(key, "check")
	f.Secrets = s.entries(key)
	f.Seal, err = f.seal(key)
	return f, err
}

// seal is the keyed fingerprint of the whole file but itself.
func (f *File) seal(key []byte) (string, error) {
	bare := *f
	bare.Seal = ""
	data, err := json.Marshal(bare)
	return tag(key, "seal", string(data)), err
}

// Parse reads a plan file.
func Parse(data []byte) (*File, error) {
	dec := json.NewDecoder(strings.NewReader(string(data)))
	dec.DisallowUnknownFields()
	f := &File{}
	if dec.Decode(f) != nil || f.Schema != Schema {
		return nil, ErrForm
	}
	if salt, err := hex.DecodeString(f.Salt); err != nil || len(salt) != saltBytes {
		return nil, ErrForm
	}
	return f, nil
}

// Bytes returns the file's content.
func (f *File) Bytes() ([]byte, error) {
	data, err := json.MarshalIndent(f, "", "  ")
	return append(data, '\n'), err
}

// Verify reports whether Apply would write what the file says: in the same
// places, the same secrets, over the same versions, with the same values. It
// fails with [ErrPassphrase], [ErrAltered], an [*ElsewhereError] or a
// [*MovedError].
func (f *File) Verify(s Subject, passphrase secret.Value) error {
	key, err := f.key(passphrase)
	if err != nil {
		return err
	}
	if !hmac.Equal([]byte(f.Check), []byte(tag(key, "check"))) {
		return ErrPassphrase
	}
	seal, err := f.seal(key)
	if err != nil {
		return err
	}
	if !hmac.Equal([]byte(f.Seal), []byte(seal)) || f.Environment != s.Environment {
		return ErrAltered
	}
	if !slices.Equal(f.Places, s.Places) {
		return &ElsewhereError{Planned: f.Places, Now: s.Places}
	}
	now := map[Entry]bool{}
	for _, e := range s.entries(key) {
		now[e] = true
	}
	var moved []string
	for _, e := range f.Secrets {
		if !now[e] {
			moved = append(moved, e.Name)
		}
		delete(now, e)
	}
	for e := range now {
		moved = append(moved, e.Name)
	}
	if len(moved) == 0 {
		return nil
	}
	slices.Sort(moved)
	return &MovedError{Names: slices.Compact(moved)}
}

func (f *File) key(passphrase secret.Value) ([]byte, error) {
	salt, err := hex.DecodeString(f.Salt)
	if err != nil {
		return nil, ErrForm
	}
	return pbkdf2.Key(sha256.New, passphrase.Reveal(), salt, rounds, keyBytes)
}

func (s Subject) entries(key []byte) []Entry {
	all := []Entry{}
	for _, c := range s.Plan.Changes {
		if !s.Apply.Writes(c) {
			continue
		}
		e := Entry{Place: s.At(c.Place), Name: c.Name, Kind: c.Kind.String(), Version: c.Held.Version}
		e.Fingerprint = tag(key, e.Account, e.Region, e.Name, e.Kind, e.Version, c.Want.Value.Reveal())
		if c.Want.Binary {
			e.Fingerprint = tag(key, e.Account, e.Region, e.Name, e.Kind, e.Version, c.Want.Value.Reveal(), "bytes")
		}
		all = append(all, e)
	}
	return all
}

// tag is a keyed fingerprint of texts, each with its length before it.
func tag(key []byte, texts ...string) string {
	mac := hmac.New(sha256.New, key)
	for _, text := range texts {
		fmt.Fprintf(mac, "%d:%s", len(text), text)
	}
	return hex.EncodeToString(mac.Sum(nil)[:tagBytes])
}

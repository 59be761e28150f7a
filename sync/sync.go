// Package sync brings a store of secrets in line with what is declared.
//
// Start here: for most uses, open a store with hci/sync/awssm, or write a [Store]
// of one's own, read it, call [Diff] with what should be there, and [Apply] the
// plan. A secret text is a value of hci/sync/secret.
//
// [Diff] compares what a [Store] holds with what should be there and returns a
// [Plan]: one [Change] per name, sorted, the same for the same input. [Apply]
// carries a plan out. Both are pure: no network, no terminal, no clock but the
// one that ends an interrupted write.
//
// In sync means equal bytes, as the store keeps text. Two JSON texts that say
// the same in another order or layout still differ (Terraform too would show
// a change); [Change.SameJSON] marks them. Values that are both JSON objects
// are compared key by key, and numbers by their digits: 1 and 1.0 differ.
//
// What Apply promises:
//
//   - Only what differs is written, and only over the version that was
//     compared ([Store.Write] is a compare-and-swap). A value that somebody
//     else wrote since the plan was made stays, as a [Conflicted] outcome.
//   - Limits are checked before the first write, all at once; if one is
//     broken, nothing is written.
//   - A value that is unknown, ignored or not declared is never written. A
//     secret that the store lacks is created, and one that is scheduled for
//     deletion restored, only if asked for.
//   - One secret's failure doesn't keep the others back, unless the store as a
//     whole can't be used ([ErrUnavailable]).
//   - Each secret's outcome is reported as it lands, and is true: a write that
//     was on its way when the context ended is waited for. Whatever failed or
//     wasn't attempted is in the next plan: running again finishes the job.
package sync

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"hci/sync/secret"
)

// Status says what is known about a declared value.
type Status int

const (
	Unknown Status = iota // known to nobody yet, in whole or in part
	Known
	NoValue // the secret is declared, its value is not
	Ignored // declared, but changes to it are to be left alone
)

// String returns the status in words.
func (s Status) String() string {
	switch s {
	case Known:
		return "known"
	case NoValue:
		return "no value"
	case Ignored:
		return "ignored"
	default:
		return "unknown"
	}
}

// Want is a declared secret.
type Want struct {
	Name      string
	Place     string       // tells places apart in which secrets can have the same name; "" where there is one
	Value     secret.Value // when Known; when Ignored, what was declared, if that is known
	Binary    bool         // Value is bytes, not a text
	Status    Status
	Pattern   *Pattern // what is known of it, if Unknown; may be nil
	Unknown   []string // addresses that the value waits for
	Variables []string // variables that the value comes from
	Address   string   // where it is declared
	Meta      Meta     // of the secret itself
	Rotation  string   // the address of what has the store change the value; "" if nothing does
}

// Meta is what a secret is declared to be besides its value.
type Meta struct {
	Managed     bool // the secret itself is declared, not only a value of it
	Description string
	KMSKeyID    string   // "" for the store's own key
	KMSAwaits   []string // addresses that the key waits for: then the secret is not made
	Tags        map[string]string
	Replicas    []string // regions, sorted
	Policy      string   // JSON; "" if none is declared
	// Parameter is what a parameter of Systems Manager is declared to be besides;
	// nil for a secret of Secrets Manager.
	Parameter *Parameter
	// Unsettled names the settings, as Terraform calls them, of which nothing is
	// declared for certain.
	Unsettled []string
}

// Parameter is what a parameter of Systems Manager's Parameter Store is, besides
// what it has in common with a secret. What is not known is "".
type Parameter struct {
	Type           string // SecureString, String, StringList
	Tier           string // Standard, Advanced, Intelligent-Tiering
	DataType       string
	AllowedPattern string
}

// Content is what a secret holds: a text, or bytes. The two are never the same,
// even if they are byte for byte: clients read one or the other.
type Content struct {
	Value  secret.Value
	Binary bool // Value is bytes, not a text
}

// Equal reports whether two contents are the same, in constant time.
func (c Content) Equal(o Content) bool { return c.Binary == o.Binary && c.Value.Equal(o.Value) }

// Kind names the kind of a content in words.
func (c Content) Kind() string {
	if c.Binary {
		return "bytes"
	}
	return "a text"
}

// Content is what is declared.
func (w Want) Content() Content { return Content{w.Value, w.Binary} }

// Content is what the store has.
func (h Held) Content() Content { return Content{h.Value, h.Binary} }

// Held is a secret as the store has it.
type Held struct {
	Name, ARN string
	Place     string       // as in [Want]
	Value     secret.Value // the current one
	Version   string       // of the current value; "" if there is none
	Previous  string       // the version before it, where [History] was asked
	HasValue  bool         // Value was read
	Binary    bool         // Value is bytes, not a text
	Labels    []string     // staging labels of Version
	Facts     *Facts       // nil if they were not asked for; see [Inspector]
	Deleted   time.Time    // scheduled for deletion since then, if not zero
	Changed   time.Time    // when Version was made, as far as the store tells
	Err       error        // why this secret couldn't be read
}

// Store keeps secrets. It must be safe for concurrent use, and its errors must
// hold no values.
type Store interface {
	// Read returns the secrets that exist among names, one Held per name in
	// the order of names. A secret that can't be read is returned with Err.
	Read(ctx context.Context, names []string) ([]Held, error)

	// Create makes a secret with its first value. It fails with ErrConflict
	// if there is one by now.
	Create(ctx context.Context, name string, c Content, m Meta) (version string, err error)

	// Write replaces the value of the version seen, or gives a secret that has
	// none (seen.Version is "") its first. It fails with ErrConflict, and
	// leaves the value alone, if that isn't the current version any more; with
	// ErrUncertain if it cannot tell whether the value was written. A store
	// that can't make a write depend on the version fails with an
	// [*OverwroteError] where somebody else's write came in between.
	Write(ctx context.Context, name string, c Content, seen Held) (version string, err error)

	// Restore takes back a scheduled deletion. It succeeds if there is none.
	Restore(ctx context.Context, name string) error
}

// Lister is a Store that can list what it holds.
type Lister interface {
	// List returns the secrets that a filter selects, sorted by name, those
	// scheduled for deletion included, without values.
	List(ctx context.Context, f Filter) ([]Listed, error)
}

// Filter selects secrets: those whose name begins with Prefix and that bear all
// of Tags.
type Filter struct {
	Prefix string
	Tags   map[string]string
}

// Selects reports whether the filter takes a secret.
func (f Filter) Selects(l Listed) bool {
	for key, value := range f.Tags {
		if got, ok := l.Tags[key]; !ok || got != value {
			return false
		}
	}
	return strings.HasPrefix(l.Name, f.Prefix)
}

// Listed is a secret in a list.
type Listed struct {
	Name    string
	Tags    map[string]string
	Deleted time.Time // scheduled for deletion since then, if not zero
	Changed time.Time
	Facts   *Facts // as the list tells them; nil where that is not enough
}

// Remover is a Store that can schedule secrets for deletion.
type Remover interface {
	// Delete schedules a secret for deletion after a number of days. It fails
	// with ErrConflict if seen isn't the current version any more.
	Delete(ctx context.Context, name, seen string, days int) error
}

// History is a Store that keeps the value before the current one.
type History interface {
	// ReadPrevious returns, for each of names that exists, the previous value
	// as Value and its version as Previous; Version is the current one.
	// HasValue is false where there is no previous value.
	ReadPrevious(ctx context.Context, names []string) ([]Held, error)

	// Return makes the value of an earlier version the current one again, and
	// returns the version that is current then. It fails as Store.Write does if
	// seen isn't the current version any more.
	Return(ctx context.Context, name, to string, seen Held) (version string, err error)
}

var (
	// ErrConflict says that somebody else changed the secret meanwhile, and
	// that their change stands.
	ErrConflict = errors.New("somebody else changed it meanwhile; nothing was written")
	// ErrOtherKind says that a text would take the place of bytes, or bytes
	// that of a text, and nobody asked for that.
	ErrOtherKind = errors.New("its kind of value would change (--replace-binary allows it)")
	// ErrNotFound says that there is no such secret.
	ErrNotFound = errors.New("there is no such secret")
	// ErrUncertain says that a request may or may not have been carried out.
	ErrUncertain = errors.New("it is not known whether it was written")
	// ErrUnavailable says that the store as a whole cannot be used, so that
	// trying the next secret is futile.
	ErrUnavailable = errors.New("the store cannot be used")
)

// OverwroteError says that somebody else's write came between looking at a
// secret and writing it, in a store that can't make the one depend on the other:
// their value was replaced, and is kept as a version.
type OverwroteError struct {
	Name    string
	Theirs  string // the version that was replaced
	Version string // hci's, which is the current one
}

func (e *OverwroteError) Error() string {
	return fmt.Sprintf("parameter %q: somebody else wrote version %s in the moment before hci wrote version %s over it; their value is kept as version %[2]s", e.Name, e.Theirs, e.Version)
}

// Next says how both are seen, and how theirs comes back.
func (e *OverwroteError) Next() string {
	return fmt.Sprintf("'hci secrets history ENV %s' lists both; 'hci secrets rollback ENV %s --to %s' brings theirs back", e.Name, e.Name, e.Theirs)
}

// AccessError says that the identity in use may not do something.
type AccessError struct {
	Action string // "secretsmanager:GetSecretValue"
	Name   string // of the secret; "" if it is about none
	Err    error  // what the store said
}

func (e *AccessError) Error() string {
	if e.Name == "" {
		return fmt.Sprintf("%s is not allowed: %v", e.Action, e.Err)
	}
	what := "secret"
	if strings.HasPrefix(e.Action, "ssm:") {
		what = "parameter"
	}
	return fmt.Sprintf("%s %q: %s is not allowed: %v", what, e.Name, e.Action, e.Err)
}

func (e *AccessError) Unwrap() error { return e.Err }

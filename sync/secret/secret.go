// Package secret holds a value that must not be printed by accident: start with
// [New], and end with [Value.Reveal].
//
// A [Value] shows as "[secret]" through every fmt verb, encoding/json,
// encoding.TextMarshaler and log/slog. [Value.Reveal] is the only way to its
// content; it belongs where bytes leave the program (an encoder, a request,
// a sealed file) and nowhere else, so that "grep Reveal" lists those places.
package secret

import (
	"crypto/subtle"
	"fmt"
	"io"
	"log/slog"
)

// Redacted is what a Value shows in place of its content.
const Redacted = "[secret]"

// Value is a secret text. The zero Value holds the empty text.
// Values are compared with [Value.Equal]; Go's == on two Values does not
// compile, because it would not take constant time.
type Value struct {
	_ [0]func() // not comparable with ==
	// A pointer, because fmt prints the fields of a struct given to %p
	// without asking its Formatter.
	s *string
}

// New returns a Value that holds s.
func New(s string) Value { return Value{s: &s} }

// Reveal returns the content.
func (v Value) Reveal() string {
	if v.s == nil {
		return ""
	}
	return *v.s
}

// Len returns the content's length in bytes.
func (v Value) Len() int { return len(v.Reveal()) }

// Equal reports whether v and w hold the same bytes, in a time that depends
// on their lengths only.
func (v Value) Equal(w Value) bool {
	return subtle.ConstantTimeCompare([]byte(v.Reveal()), []byte(w.Reveal())) == 1
}

// Format implements [fmt.Formatter] for every verb and flag.
func (v Value) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, Redacted) }

// String returns [Redacted].
func (v Value) String() string { return Redacted }

// GoString returns [Redacted].
func (v Value) GoString() string { return Redacted }

// MarshalJSON returns [Redacted] as a JSON string.
func (v Value) MarshalJSON() ([]byte, error) { return []byte(`"` + Redacted + `"`), nil }

// MarshalText returns [Redacted].
func (v Value) MarshalText() ([]byte, error) { return []byte(Redacted), nil }

// LogValue implements [slog.LogValuer].
func (v Value) LogValue() slog.Value { return slog.StringValue(Redacted) }

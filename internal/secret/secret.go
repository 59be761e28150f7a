// Package secret is [hci/sync/secret] under its former path. New code imports
// that.
package secret

import "hci/sync/secret"

// Value is [secret.Value].
type Value = secret.Value

// Redacted is [secret.Redacted].
const Redacted = secret.Redacted

// New is [secret.New].
func New(s string) Value { return secret.New(s) }

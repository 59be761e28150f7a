package sync

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Facts are what a store tells of a secret besides its value.
type Facts struct {
	Description string
	KMSKeyID    string // "" for the store's own key
	Tags        map[string]string
	Replicas    []string // regions, sorted
	Policy      *string  // its resource policy; nil if that was not asked for
	// Parameter is what a parameter of Systems Manager is; nil for a secret. Its
	// tags are not asked for.
	Parameter *Parameter
	Owner     Owner
	// Stale are staging labels that hci left behind, with their versions.
	Stale map[string]string
	// Rotating is the version that a rotation is about to make current; "" if
	// none is under way.
	Rotating string
	// Listed tells that all this is from a list, which may lag behind by some
	// minutes: enough to look at, not to write by.
	Listed bool
	// Err is why nothing is known of all this.
	Err error
}

// Owner is who else gives a secret its value. The zero Owner is nobody.
type Owner struct {
	Kind OwnerKind
	By   string // the rotation's function, the service, the primary region
}

// OwnerKind is how a secret's value is another's.
type OwnerKind string

const (
	OwnerRotation OwnerKind = "rotation" // AWS rotates it
	OwnerService  OwnerKind = "service"  // another service of AWS manages it
	OwnerPrimary  OwnerKind = "replica"  // it is a replica of a secret elsewhere
	OwnerUnread   OwnerKind = "unknown"  // who owns it could not be read
)

// String says who it is, as the end of "its value is".
func (o Owner) String() string {
	switch o.Kind {
	case OwnerRotation:
		if o.By == "" {
			return "rotated by AWS"
		}
		return "rotated by " + o.By
	case OwnerService:
		return "managed by " + o.By
	case OwnerPrimary:
		return "replicated from " + o.By
	case OwnerUnread:
		return "perhaps somebody else's: " + o.By
	}
	return "nobody else's"
}

// Owner is who else gives the secret its value, as the store or, before that
// is applied, the code says.
func (c Change) Owner() Owner {
	switch f := c.Held.Facts; {
	case f != nil && f.Err != nil:
		return Owner{OwnerUnread, f.Err.Error()}
	case f != nil && f.Owner.Kind != "":
		return f.Owner
	case c.Want.Rotation != "" && c.Held.Version != "":
		return Owner{OwnerRotation, c.Want.Rotation}
	}
	return Owner{}
}

// Inspector is a Store that tells what there is to know of secrets besides
// their values.
type Inspector interface {
	// Inspect fills in the Facts of secrets that were read.
	Inspect(ctx context.Context, held []Held) error
}

// Tidier is a Store on which hci may have left something behind.
type Tidier interface {
	// Tidy takes the staging labels that hci left off the secret, and
	// AWSPENDING from a version where it keeps a rotation from starting.
	Tidy(ctx context.Context, h Held) error
}

// Untidy reports whether there is something to tidy up.
func (h Held) Untidy() bool {
	return h.Facts != nil && h.Deleted.IsZero() && len(h.Facts.Stale) > 0
}

// Drift is a setting of a secret that is not as declared. Terraform brings it in
// line, hci doesn't.
type Drift struct{ Field, Have, Want string }

func (d Drift) String() string {
	return fmt.Sprintf("%s is %s, declared is %s", d.Field, orNone(d.Have), orNone(d.Want))
}

func orNone(s string) string {
	if s == "" {
		return "none"
	}
	return fmt.Sprintf("%q", s)
}

// Drift lists the settings that are not as declared, in an order of its own.
func (c Change) Drift() []Drift {
	f, m := c.Held.Facts, c.Want.Meta
	if f == nil || f.Err != nil || !m.Managed || c.Kind == Missing || c.Kind == PendingDeletion || f.Owner.Kind == OwnerPrimary {
		return nil
	}
	var all []Drift
	add := func(field, have, want string) {
		if have != want && !slices.Contains(m.Unsettled, field) {
			all = append(all, Drift{field, have, want})
		}
	}
	add("description", f.Description, m.Description)
	if m.Parameter != nil {
		return append(all, parameterDrift(f, m)...)
	}
	if !sameKey(f.KMSKeyID, m.KMSKeyID) {
		add("kms_key_id", f.KMSKeyID, m.KMSKeyID)
	}
	add("tags", tagText(f.Tags), tagText(m.Tags))
	add("replica", strings.Join(f.Replicas, ", "), strings.Join(m.Replicas, ", "))
	if f.Policy != nil && m.Policy != "" {
		if _, same := compareJSON(*f.Policy, m.Policy); !same {
			add("policy", *f.Policy, m.Policy)
		}
	}
	return all
}

// parameterDrift is [Change.Drift] of a parameter's own settings. A tier that is
// not declared is AWS's to choose, and Intelligent-Tiering has AWS choose one.
func parameterDrift(f *Facts, m Meta) []Drift {
	if f.Parameter == nil {
		return nil
	}
	var all []Drift
	add := func(field, have, want string) {
		if have != want && want != "" && !slices.Contains(m.Unsettled, field) {
			all = append(all, Drift{field, have, want})
		}
	}
	add("type", f.Parameter.Type, m.Parameter.Type)
	if m.Parameter.Tier != intelligentTiering {
		add("tier", f.Parameter.Tier, m.Parameter.Tier)
	}
	if f.Parameter.Type == secureString && !sameKey(f.KMSKeyID, m.KMSKeyID) && !slices.Contains(m.Unsettled, "key_id") {
		all = append(all, Drift{"key_id", f.KMSKeyID, m.KMSKeyID})
	}
	return all
}

// sameKey reports whether two texts can name the same key: an ARN ends in the
// key's id, and an alias names a key that only AWS knows.
func sameKey(have, want string) bool {
	id := func(key string) string { return key[strings.LastIndexByte(key, '/')+1:] }
	switch {
	case have == want, id(want) == "secretsmanager" && strings.Contains(want, "alias/aws/") && have == "":
		return true
	case strings.HasSuffix(have, "alias/aws/ssm") && want == "": // that of the Parameter Store itself
		return true
	case have == "" || want == "":
		return false
	case strings.Contains(want, "alias/") != strings.Contains(have, "alias/"):
		return true // not known to differ
	}
	return id(have) == id(want)
}

// tagText is a list of tags. Those that AWS gives itself are nobody's to declare.
func tagText(tags map[string]string) string {
	var all []string
	for _, key := range slices.Sorted(maps.Keys(tags)) {
		if !strings.HasPrefix(key, "aws:") {
			all = append(all, key+"="+tags[key])
		}
	}
	return strings.Join(all, ", ")
}

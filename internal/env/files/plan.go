package files

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"hci/sync/dotenv"
	"hci/sync/secret"
	"hci/tfvars"
)

// Action is what an import does about a key.
type Action string

// The actions.
const (
	Add     Action = "add"
	Change  Action = "change"
	Same    Action = "same"
	LeftOut Action = "left_out"
)

// Import is one key of a file and the variable that it goes into.
type Import struct {
	Key      string    `json:"key"`
	Variable string    `json:"variable,omitempty"`
	Action   Action    `json:"action"`
	Why      string    `json:"why,omitempty"` // it is left out
	value    cty.Value // of the variable
}

// Targets say which variable a key goes into.
type Targets struct {
	Renamed   map[string]string        // variables by key, of env blocks KEY = var.NAME
	Set       map[string]bool          // keys that env blocks set to something else
	Types     map[string]cty.Type      // of the declared variables; nil if nothing declares them
	Elsewhere func(name string) string // what else sets a variable; "" if nothing does
	Secrets   *tfvars.File             // the secrets file
	byKey     map[string][]string      // variables by the key that each is exported as
}

// PlanImport finds out what importing a file does. A key goes into the variable
// that it is exported from; its text becomes a value of the declared type. What
// has no such variable, or another source, is left out.
func PlanImport(f *File, t Targets) []Import {
	var all []Import
	t.byKey = map[string][]string{}
	for _, name := range t.Secrets.Names() {
		t.byKey[strings.ToUpper(name)] = append(t.byKey[strings.ToUpper(name)], name)
	}
	for name := range t.Types {
		if !t.Secrets.Has(name) {
			t.byKey[strings.ToUpper(name)] = append(t.byKey[strings.ToUpper(name)], name)
		}
	}
	for _, e := range f.Entries {
		all = append(all, t.one(e))
	}
	slices.SortStableFunc(all, func(a, b Import) int { return cmp.Compare(a.Key, b.Key) })
	return all
}

func (t Targets) one(e dotenv.Entry) Import {
	out := Import{Key: e.Key, Action: LeftOut}
	name, problem := t.variable(e.Key)
	if problem != "" {
		out.Why = problem
		return out
	}
	out.Variable = name
	old, there := t.Secrets.Value(name)
	if origin := t.Elsewhere(name); !there && origin != "" {
		out.Why = fmt.Sprintf("var.%s is set by %s", name, origin)
		return out
	}
	value, err := t.value(name, e.Value, old, there)
	if err != nil {
		out.Why = err.Error()
		return out
	}
	out.value = value
	switch {
	case !there:
		out.Action = Add
	case equal(old, value):
		out.Action = Same
	default:
		out.Action = Change
	}
	return out
}

// variable finds the variable of a key.
func (t Targets) variable(key string) (name, problem string) {
	if name, ok := t.Renamed[key]; ok {
		return name, ""
	}
	if t.Set[key] {
		return "", "hci.hcl sets it"
	}
	found := t.byKey[key]
	switch {
	case len(found) == 1:
		return found[0], ""
	case len(found) > 1:
		found = slices.Sorted(slices.Values(found))
		return "", "several variables make this key: " + strings.Join(found, ", ")
	case t.Types == nil:
		return strings.ToLower(key), ""
	default:
		return "", fmt.Sprintf("no variable %q is declared", strings.ToLower(key))
	}
}

func (t Targets) value(name string, text secret.Value, old cty.Value, there bool) (cty.Value, error) {
	ty, declared := t.Types[name]
	if !declared || ty == cty.DynamicPseudoType {
		ty = cty.String
		if there && !old.IsNull() {
			ty = old.Type()
		}
	}
	v, err := tfvars.FromText(text.Reveal(), ty)
	if errors.Is(err, tfvars.ErrNotValue) {
		return v, fmt.Errorf("var.%s: %w", name, err)
	}
	return v, err
}

func equal(a, b cty.Value) bool {
	ta, errA := tfvars.Text(a)
	tb, errB := tfvars.Text(b)
	return errA == nil && errB == nil && ta.Equal(tb)
}

// Apply sets the variables of an import in the secrets file: all, or none.
func Apply(all []Import, f *tfvars.File) error {
	var set []tfvars.Assignment
	for _, i := range all {
		if i.Action == Add || i.Action == Change {
			set = append(set, tfvars.Assignment{Name: i.Variable, Value: i.value})
		}
	}
	return f.SetAll(set)
}

package layers

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"hci/sync/dotenv"
	"hci/tfvars/module"
	"hci/tfvars/module/shape"
)

// ClearTextError says that a container definition would hold a secret in the
// clear.
type ClearTextError struct{ Key, Problem string }

func (e *ClearTextError) Error() string { return fmt.Sprintf("%s: %s", e.Key, e.Problem) }

// ForECS returns the entries of a container definition: secrets by the ARN that
// ECS takes them from, never by value, and the rest as plain environment. arns
// holds the ARNs of declared secrets by address; a parameter whose ARN is not
// among them is taken by its name. Errors are [*ClearTextError]s,
// joined.
func (s *Set) ForECS(ev *module.Evaluated, arns map[string]string) (entries []dotenv.Entry, err error) {
	secretOf, parameters := map[string]string{}, map[string]string{}
	if ev != nil {
		for _, sec := range ev.Secrets {
			if sec.Parameter != nil {
				parameters[sec.Address] = sec.Name
			}
			if l, ok := sec.Shape.(shape.Leaf); ok && l.Source != nil && len(l.Source.Path) == 0 {
				secretOf[l.Source.Variable] = sec.Address
			}
		}
	}
	var problems []error
	for _, key := range slices.Sorted(maps.Keys(s.Layers)) {
		v := s.Layers[key][0]
		if v.Dropped {
			continue
		}
		e := dotenv.Entry{Key: key, Value: v.value}
		address := ""
		switch v.Layer {
		case FromSecrets:
			if v.ref.Parameter && v.ref.SecretName != "" && v.Problem == "" {
				e.ValueFrom = cmp.Or(arns[v.ref.Secret], v.ref.SecretName) // the name is enough in the task's own region
				entries = append(entries, e)
				continue
			}
			address = v.ref.Secret
		case FromFile:
			address = secretOf[v.name]
			if name := parameters[address]; name != "" && arns[address] == "" {
				e.ValueFrom = name
				entries = append(entries, e)
				continue
			}
			if address == "" {
				problems = append(problems, &ClearTextError{key, v.From + " is in no secret by itself; its value would stand in the definition in the clear"})
				continue
			}
		}
		switch {
		case v.Layer == FromSecrets && (address == "" || v.broken):
			problems = append(problems, &ClearTextError{key, v.Reason()})
			continue
		case address != "" && arns[address] == "":
			problems = append(problems, &ClearTextError{key, "the ARN of " + address + " is not known; --from aws asks for it"})
			continue
		case address != "":
			e.ValueFrom = arns[address] + v.suffix()
		case !v.Known:
			continue // it is said, with what it awaits
		}
		entries = append(entries, e)
	}
	return entries, errors.Join(problems...)
}

// suffix is what follows the ARN in valueFrom.
func (v Variable) suffix() string {
	if v.ref == nil || v.ref.JSONKey+v.ref.Stage+v.ref.Version == "" {
		return ""
	}
	return ":" + strings.Join([]string{v.ref.JSONKey, v.ref.Stage, v.ref.Version}, ":")
}

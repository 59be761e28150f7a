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
	in := arnsOf(ev, arns)
	var problems []error
	for _, key := range slices.Sorted(maps.Keys(s.Layers)) {
		v := s.Layers[key][0]
		if v.Dropped {
			continue
		}
		e := dotenv.Entry{Key: key, Value: v.value}
		var ok bool
		if e.ValueFrom, ok, err = in.valueFrom(key, v); err != nil {
			problems = append(problems, err)
		} else if ok {
			entries = append(entries, e)
		}
	}
	return entries, errors.Join(problems...)
}

// holders are the secrets and parameters that variables lie in.
type holders struct {
	arns       map[string]string // by address
	secretOf   map[string]string // the address of the secret that holds a variable, and nothing else
	parameters map[string]string // names by address
}

func arnsOf(ev *module.Evaluated, arns map[string]string) holders {
	in := holders{arns, map[string]string{}, map[string]string{}}
	if ev == nil {
		return in
	}
	for _, sec := range ev.Secrets {
		if sec.Parameter != nil {
			in.parameters[sec.Address] = sec.Name
		}
		if l, ok := sec.Shape.(shape.Leaf); ok && l.Source != nil && len(l.Source.Path) == 0 {
			in.secretOf[l.Source.Variable] = sec.Address
		}
	}
	return in
}

// valueFrom is what ECS takes a variable from; "" where its value is no secret.
// ok is false if the variable is skipped: another place says what it waits for.
func (in holders) valueFrom(key string, v Variable) (from string, ok bool, err error) {
	address := ""
	switch v.Layer {
	case FromSecrets:
		if v.ref.Parameter && v.ref.SecretName != "" && v.Problem == "" {
			return cmp.Or(in.arns[v.ref.Secret], v.ref.SecretName), true, nil // the name is enough in the task's own region
		}
		if address = v.ref.Secret; address == "" || v.broken {
			return "", false, &ClearTextError{key, v.Reason()}
		}
	case FromFile:
		if address = in.secretOf[v.name]; address == "" {
			return "", false, &ClearTextError{key, v.From + " is in no secret by itself; its value would stand in the definition in the clear"}
		}
		if name := in.parameters[address]; name != "" && in.arns[address] == "" {
			return name, true, nil
		}
	default:
		return "", v.Known, nil
	}
	if in.arns[address] == "" {
		return "", false, &ClearTextError{key, "the ARN of " + address + " is not known; --from aws asks for it"}
	}
	return in.arns[address] + v.suffix(), true, nil
}

// suffix is what follows the ARN in valueFrom.
func (v Variable) suffix() string {
	if v.ref == nil || v.ref.JSONKey+v.ref.Stage+v.ref.Version == "" {
		return ""
	}
	return ":" + strings.Join([]string{v.ref.JSONKey, v.ref.Stage, v.ref.Version}, ":")
}

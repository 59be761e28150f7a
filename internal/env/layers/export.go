// Package layers says which environment variables the app sees in an
// environment. They come in layers; a later one goes before an earlier one.
//
//  1. Where the app fetches secrets by itself: each name in the secrets file,
//     in upper case, with the value that Terraform makes of it (converted to
//     the variable's type).
//  2. The "environment" of the service's container, as its task definition
//     declares it.
//  3. The "secrets" of that container: the value of the declared secret or
//     parameter that valueFrom means or, with a JSON key, what stands there in it.
//  4. The env block at the top of hci.hcl.
//  5. The env block of the environment in hci.hcl.
//
// In an env block,
//
//	KEY = "text"              adds KEY, or overrides it
//	KEY = var.NAME            renames: NAME is exported as KEY only
//	KEY = "${var.A}:${var.B}" combines; A and B are exported as well
//	KEY = secret.LABEL        takes the secret that Terraform declares as
//	                          aws_secretsmanager_secret.LABEL or, where there is
//	                          none, as aws_ssm_parameter.LABEL
//	KEY = null                drops KEY
//
// What only AWS knows (the address of a database) has no value; it is listed
// with what it depends on.
package layers

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/zclconf/go-cty/cty"

	"hci/internal/project"
	"hci/sync/dotenv"
	"hci/sync/secret"
	"hci/tfvars"
	"hci/tfvars/module"
)

// Layer says where a variable comes from.
type Layer string

// The layers, from the first to the last.
const (
	FromFile        Layer = "secrets file"
	FromEnvironment Layer = "container environment"
	FromSecrets     Layer = "container secrets"
	FromLive        Layer = "running task"
	FromBlock       Layer = "hci.hcl"
)

// Variable is an environment variable as one layer has it.
type Variable struct {
	Key     string
	Layer   Layer
	File    string // where it stands; "" for a running task
	Line    int
	From    string // what its value is made from: "var.a", "aws_secretsmanager_secret.b"
	Known   bool
	Awaits  []string // addresses that have to be known before it is
	Problem string   // why it has no value, where it is not that a part is known after apply
	Dropped bool     // the layer takes the key away
	value   secret.Value
	ref     *module.SecretRef // of a container's secret
	name    string            // of the Terraform variable, in the layer of the secrets file
	broken  bool              // ECS could not resolve it either
}

// Set is the variables of an environment.
type Set struct {
	// Layers holds each key's variables, the one that counts first.
	Layers map[string][]Variable
	// Null names what is left out because its value is null.
	Null []string
	// Unfit names what is left out because no environment variable can have
	// such a name.
	Unfit []string
}

// Input is what a Set is made from.
type Input struct {
	Secrets   *tfvars.File
	Path      string // of Secrets, for explanations
	Vars      []project.EnvVar
	Scope     Scope
	Container *module.Container       // nil if there is none
	Live      map[string]string       // the running task's plain environment; may be nil
	Held      map[string]secret.Value // values in Secrets Manager by address, where these are to be taken
	Bytes     map[string]bool         // addresses of secrets that hold bytes there, no text
	ARNs      map[string]string       // of secrets, by address, where Secrets Manager was asked
	Evaluated *module.Evaluated       // nil without a Terraform directory
}

// CollisionError says that two names make the same key.
type CollisionError struct{ Key, First, Second string }

func (e *CollisionError) Error() string {
	return fmt.Sprintf("%q and %q both make the key %q", e.First, e.Second, e.Key)
}

// New puts the layers together.
func New(in Input) (*Set, error) {
	s := &Set{Layers: map[string][]Variable{}}
	if err := s.fromFile(in); err != nil {
		return nil, err
	}
	if in.Container != nil {
		s.fromContainer(in)
	}
	for _, v := range in.Vars {
		one := Variable{Key: v.Key, Layer: FromBlock, File: v.File, Line: v.Line, Dropped: v.IsNull()}
		if !one.Dropped {
			value, err := in.Scope.evaluate(v)
			if err != nil {
				return nil, err
			}
			if err := one.set(value); err != nil {
				return nil, err
			}
			one.From = references(v)
		}
		s.put(one)
	}
	return s, nil
}

// references names what an expression of an env block refers to.
func references(v project.EnvVar) string {
	variables, secrets := v.References()
	var all []string
	for _, name := range variables {
		all = append(all, "var."+name)
	}
	for _, label := range secrets {
		all = append(all, "secret."+label)
	}
	return strings.Join(all, ", ")
}

func (v *Variable) set(value cty.Value) error {
	text, err := tfvars.Text(value)
	if err != nil {
		return fmt.Errorf("%s: %w", v.Key, err)
	}
	v.value, v.Known = text, true
	return nil
}

// put adds a variable; it goes before what is there.
func (s *Set) put(v Variable) { s.Layers[v.Key] = append([]Variable{v}, s.Layers[v.Key]...) }

// fit is what POSIX allows as the name of an environment variable; Terraform
// allows more.
//
// https://pubs.opengroup.org/onlinepubs/9799919799/basedefs/V1_chap08.html
var fit = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[A-Z_][A-Z0-9_]*$`) })

// fromFile takes each name of the secrets file in upper case, but for those
// that an env block renames.
func (s *Set) fromFile(in Input) error {
	renamed := map[string]bool{}
	for _, v := range in.Vars {
		if name, ok := v.Renames(); ok {
			renamed[name] = true
		}
	}
	from := map[string]string{}
	for _, name := range in.Secrets.Names() {
		value, _ := in.Scope.Vars[name].UnmarkDeep()
		switch {
		case renamed[name]:
			continue
		case value.IsNull():
			s.Null = append(s.Null, name)
			continue
		}
		key := strings.ToUpper(name)
		if !fit().MatchString(key) {
			s.Unfit = append(s.Unfit, name)
			continue
		}
		if first, taken := from[key]; taken {
			return &CollisionError{Key: key, First: first, Second: name}
		}
		from[key] = name
		line, _ := in.Secrets.Pos(name)
		v := Variable{Key: key, Layer: FromFile, File: in.Path, Line: line, From: "var." + name, name: name}
		if err := v.set(value); err != nil {
			return err
		}
		s.put(v)
	}
	return nil
}

func (s *Set) fromContainer(in Input) {
	for _, e := range in.Container.Environment {
		v := Variable{Key: e.Name, Layer: FromEnvironment, File: e.File, Line: e.Line, Known: e.Known, Awaits: e.Awaits, value: e.Value}
		for i, name := range e.Variables {
			if i > 0 {
				v.From += ", "
			}
			v.From += "var." + name
		}
		s.put(v)
		if text, running := in.Live[e.Name]; running && !e.Known {
			s.put(Variable{Key: e.Name, Layer: FromLive, Known: true, value: secret.New(text)})
		}
	}
	byAddress := map[string]*module.Secret{}
	if in.Evaluated != nil {
		for i := range in.Evaluated.Secrets {
			byAddress[in.Evaluated.Secrets[i].Address] = &in.Evaluated.Secrets[i]
		}
	}
	for _, ref := range in.Container.Secrets {
		v := Variable{Key: ref.Name, Layer: FromSecrets, File: ref.File, Line: ref.Line, From: ref.Secret, Problem: ref.Problem, ref: &ref}
		if v.Problem == "" {
			v.fromSecret(byAddress[ref.Secret], in)
		}
		s.put(v)
	}
}

// fromSecret takes the value that ECS would hand to the container.
func (v *Variable) fromSecret(sec *module.Secret, in Input) {
	var text secret.Value
	switch value, inAWS := in.Held[v.ref.Secret]; {
	case v.ref.Plain != nil:
		v.value, v.Known = *v.ref.Plain, true
		return
	case v.ref.Parameter && v.ref.JSONKey+v.ref.Stage+v.ref.Version != "":
		v.Problem, v.broken = "it names a part or a version of a parameter, which ECS does not take", true
		return
	case v.ref.Stage != "" && v.ref.Stage != "AWSCURRENT" || v.ref.Version != "":
		v.Problem = "it names a version of the secret, which only Secrets Manager has"
		return
	case in.Bytes[v.ref.Secret] || !inAWS && sec != nil && sec.Binary:
		v.Problem = "the secret holds bytes (secret_binary), which ECS does not hand to a container"
		return
	case inAWS:
		text = value
	case sec == nil || sec.Status != module.Known && (sec.Status != module.Ignored || sec.Value.Len() == 0):
		v.Problem = "the secret's value is not known"
		if sec != nil {
			v.Awaits = sec.Unknown
		}
		return
	default:
		text = sec.Value
	}
	if v.ref.JSONKey == "" {
		v.value, v.Known = text, true
		return
	}
	v.value, v.Problem = jsonKey(text, v.ref.JSONKey)
	v.Known = v.Problem == ""
	v.broken = !v.Known
	if v.ref.JSONKey != "" {
		v.From += ":" + v.ref.JSONKey
	}
}

// Keep drops the keys for which want does not hold.
func (s *Set) Keep(want func(key string) bool) {
	maps.DeleteFunc(s.Layers, func(key string, _ []Variable) bool { return !want(key) })
}

// Entries returns what has a value, sorted by key, and what has none.
func (s *Set) Entries() (entries []dotenv.Entry, missing []Variable) {
	for _, key := range slices.Sorted(maps.Keys(s.Layers)) {
		switch v := s.Layers[key][0]; {
		case v.Dropped:
		case v.Known:
			entries = append(entries, dotenv.Entry{Key: key, Value: v.value})
		default:
			missing = append(missing, v)
		}
	}
	return entries, missing
}

// Reason says why a variable has no value.
func (v Variable) Reason() string {
	switch {
	case v.Problem != "" && len(v.Awaits) > 0:
		return v.Problem + ": " + module.Waits(v.Awaits)
	case v.Problem != "":
		return v.Problem
	case len(v.Awaits) > 0:
		return module.Waits(v.Awaits)
	default:
		return "its value is not known"
	}
}

package compare

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
	stdsync "sync"

	"github.com/zclconf/go-cty/cty"
	ctyjson "github.com/zclconf/go-cty/cty/json"

	"hci/sync"
	"hci/sync/secret"
	"hci/tfvars/module"
	"hci/tfvars/module/shape"
)

// DuplicateNameError says that two declarations would make a secret of the
// same name.
type DuplicateNameError struct{ Name, First, Second string }

func (e *DuplicateNameError) Error() string {
	return fmt.Sprintf("secret %q is declared twice: by %s and by %s", e.Name, e.First, e.Second)
}

// Unnamed is a secret whose name in AWS the Terraform code alone doesn't tell.
type Unnamed struct {
	Want    sync.Want // without a name
	Awaits  []string  // what the name waits for; none if the provider makes it up
	Prefix  string    // what the name begins with
	pattern *sync.Pattern
}

// Wants lists the secrets that should be in Secrets Manager, and the parameters
// that should be in the Parameter Store, sorted by name, and those whose name has to be looked up. A secret's [sync.Want.Place] is the
// key of its place; see [PlaceKey].
func Wants(ev *module.Evaluated) (wants []sync.Want, unnamed []Unnamed, err error) {
	type id struct{ place, name string }
	byName := make(map[id]*module.Secret, len(ev.Secrets))
	keys := placeKeys{of: ev.Provider}
	for i := range ev.Secrets {
		s := &ev.Secrets[i]
		place := keys.keyOf(*s)
		if !s.NameKnown {
			w := want(*s)
			w.Place = place
			unnamed = append(unnamed, Unnamed{Want: w, Awaits: s.NameUnknown, Prefix: s.NamePrefix, pattern: pattern(s.NameShape)})
			continue
		}
		first, ok := byName[id{place, s.Name}]
		if ok {
			both, ok := merged(*first, *s)
			if !ok {
				return nil, nil, &DuplicateNameError{Name: s.Name, First: first.Address, Second: s.Address}
			}
			s = &both
		}
		byName[id{place, s.Name}] = s
	}
	wants = make([]sync.Want, 0, len(byName))
	for key, s := range byName {
		w := want(*s)
		w.Place = key.place
		wants = append(wants, w)
	}
	slices.SortFunc(wants, func(a, b sync.Want) int {
		return cmp.Or(strings.Compare(a.Name, b.Name), strings.Compare(a.Place, b.Place))
	})
	return wants, unnamed, nil
}

// merged is one secret out of a declaration without a value and a version that
// writes to it by its name, as one of another module does. ok is false, and the
// result b, if the two are declarations of their own.
func merged(a, b module.Secret) (s module.Secret, ok bool) {
	switch {
	case a.Managed() && !b.Managed() && a.Version == "":
		b.Address, b.Description, b.KMSKeyID, b.KMSAwaits, b.Tags, b.Place = a.Address, a.Description, a.KMSKeyID, a.KMSAwaits, a.Tags, a.Place
		return b, true
	case b.Managed() && !a.Managed() && b.Version == "":
		s, _ = merged(b, a)
		return s, true
	}
	return b, false
}

func want(s module.Secret) sync.Want {
	w := sync.Want{
		Name: s.Name, Value: s.Value, Binary: s.Binary, Status: status(s.Status),
		Unknown: s.Unknown, Variables: s.Variables, Address: s.Address,
		Rotation: s.Rotation,
		Meta: sync.Meta{
			Managed: s.Managed(), Description: s.Description, KMSKeyID: s.KMSKeyID, KMSAwaits: s.KMSAwaits, Tags: s.Tags,
			Replicas: s.Replicas, Policy: s.Policy, Unsettled: s.Unsettled,
		},
	}
	if s.Parameter != nil {
		parameter := sync.Parameter(*s.Parameter)
		w.Meta.Parameter = &parameter
	}
	if w.Status == sync.Unknown {
		w.Pattern = pattern(s.Shape)
	}
	return w
}

// status is what sync calls the state of a value.
func status(s module.ValueStatus) sync.Status {
	switch s {
	case module.Known:
		return sync.Known
	case module.NoValue:
		return sync.NoValue
	case module.Ignored:
		return sync.Ignored
	default:
		return sync.Unknown
	}
}

// pattern is what a shape says of a text that is unknown in part.
func pattern(s shape.Shape) *sync.Pattern {
	switch s := s.(type) {
	case nil:
		return nil
	case shape.JSON:
		return &sync.Pattern{JSON: inJSON(s.Of)}
	}
	p := &sync.Pattern{Pieces: []secret.Value{secret.New("")}}
	pieces(s, p)
	return p
}

// pieces appends what is known of a text.
func pieces(s shape.Shape, p *sync.Pattern) {
	if c, ok := s.(shape.Concat); ok {
		for _, part := range c {
			pieces(part, p)
		}
		return
	}
	if text, ok := shape.Text(s); ok {
		last := &p.Pieces[len(p.Pieces)-1]
		*last = secret.New(last.Reveal() + text)
		return
	}
	p.Pieces = append(p.Pieces, secret.New(""))
}

// inJSON is what a shape says of a value in a JSON text.
func inJSON(s shape.Shape) *sync.Pattern {
	if v := shape.Value(s); v.IsWhollyKnown() {
		text, err := ctyjson.Marshal(v, v.Type())
		if err != nil {
			return nil
		}
		exact := secret.New(cty.StringVal(string(text)).AsString())
		return &sync.Pattern{Exact: &exact}
	}
	switch s := shape.Open(s).(type) {
	case shape.Object:
		o := make(map[string]*sync.Pattern, len(s))
		for key, of := range s {
			o[key] = inJSON(of)
		}
		return &sync.Pattern{Object: o}
	case shape.Tuple:
		list := make([]*sync.Pattern, len(s))
		for i, of := range s {
			list[i] = inJSON(of)
		}
		return &sync.Pattern{List: list}
	case shape.Concat, shape.JSON:
		return pattern(s)
	}
	return nil // nothing is known
}

// AmbiguousNameError says that several secrets could be the one that is
// declared.
type AmbiguousNameError struct {
	Address string
	Names   []string
}

func (e *AmbiguousNameError) Error() string {
	return fmt.Sprintf("%s: its name is not known, and %s could all be it", e.Address, strings.Join(e.Names, ", "))
}

// made is what the AWS provider appends to a name_prefix.
//
// https://github.com/hashicorp/terraform-plugin-sdk, helper/id: a time in
// 18 digits and a counter in 8 hexadecimal ones.
var made = stdsync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[0-9]{18}[0-9a-f]{8}$`) })

// Takes reports whether a secret of that name can be the one declared.
func (u Unnamed) Takes(name string) bool {
	if u.pattern == nil {
		rest, ok := strings.CutPrefix(name, u.Prefix)
		return ok && made().MatchString(rest)
	}
	agrees, _ := u.pattern.Agrees(name)
	return agrees
}

// Searchable reports whether enough of the name is known to look for it.
func (u Unnamed) Searchable() bool { return u.Prefix != "" }

// Find picks the secret that is meant out of a list. Names that are declared
// elsewhere are passed over. It is nil if there is none; the error is an
// [AmbiguousNameError].
func (u Unnamed) Find(list []sync.Listed, declared func(name string) bool) (*sync.Want, error) {
	var names []string
	for _, l := range list {
		if !declared(l.Name) && u.Takes(l.Name) {
			names = append(names, l.Name)
		}
	}
	switch len(names) {
	case 0:
		return nil, nil
	case 1:
		w := u.Want
		w.Name = names[0]
		return &w, nil
	default:
		return nil, &AmbiguousNameError{Address: u.Want.Address, Names: names}
	}
}

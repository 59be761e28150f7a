package shape

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
	ctyjson "github.com/zclconf/go-cty/cty/json"
)

// Assignment is a variable, or a part of one, and the value that it would have
// to have. The value is a string where the text doesn't say more; it has yet to
// be converted to the variable's type.
type Assignment struct {
	Source Source
	Value  cty.Value
}

// Obstacle is a part of a text that can't be led back to a variable. It quotes
// nothing of the text but keys of JSON objects.
type Obstacle struct {
	Key     string // the path in a JSON text: database.password; "" for the whole
	Problem string // "stands in the Terraform code"
}

func (o Obstacle) Error() string {
	if o.Key == "" {
		return "it " + o.Problem
	}
	return fmt.Sprintf("key %s %s", o.Key, o.Problem)
}

// Problems of an [Obstacle].
const (
	fixed     = "is fixed by the Terraform code, not by a variable"
	notJSON   = "is not JSON, which the Terraform code makes of it"
	notObject = "is of another JSON type than the Terraform code makes of it"
	undeclare = "is declared nowhere"
	gone      = "is not in Secrets Manager"
	noMatch   = "does not have the form that the Terraform code gives it"
	ambiguous = "can be taken apart in more than one way"
	twice     = "would give one variable two values"
)

// Invert finds the values that a shape's variables would need to make the text.
// Only those that have to change are returned. What can't be led back to a
// variable is among the obstacles; the other parts of a JSON text are inverted
// all the same.
func Invert(s Shape, text string) ([]Assignment, []Obstacle) {
	in := &inverter{byName: map[string]Assignment{}}
	in.text(s, text, "")
	var out []Assignment
	for _, key := range slices.Sorted(maps.Keys(in.byName)) {
		out = append(out, in.byName[key])
	}
	return out, in.obstacles
}

type inverter struct {
	byName    map[string]Assignment
	obstacles []Obstacle
}

func (in *inverter) fail(key, problem string) {
	in.obstacles = append(in.obstacles, Obstacle{key, problem})
}

func (in *inverter) assign(key string, src Source, v cty.Value) {
	if old, ok := in.byName[src.String()]; ok && !old.Value.RawEquals(v) {
		in.fail(key, twice)
		return
	}
	in.byName[src.String()] = Assignment{src, v}
}

// text inverts a shape whose text is given.
func (in *inverter) text(s Shape, text, key string) {
	if j, ok := s.(JSON); ok {
		v, err := parse(text)
		if err != nil {
			in.fail(key, notJSON)
			return
		}
		in.value(j.Of, v, key)
		return
	}
	if now, ok := Text(s); ok && now == text {
		in.keep(s, key)
		return
	}
	parts := flat(s)
	for _, p := range parts {
		if _, ok := p.(JSON); ok && len(parts) > 1 {
			in.fail(key, ambiguous)
			return
		}
	}
	if len(parts) == 1 {
		in.leaf(parts[0], cty.StringVal(text), key)
		return
	}
	in.template(parts, text, key)
}

// keep notes that the variables of a shape are right as they are, so that
// nothing else gives them another value.
func (in *inverter) keep(s Shape, key string) {
	switch s := s.(type) {
	case Leaf:
		if s.Source != nil && s.Value.IsWhollyKnown() {
			in.assign(key, *s.Source, s.Value)
		}
	case Concat:
		for _, part := range s {
			in.keep(part, key)
		}
	}
}

// leaf assigns the value to the leaf's variable.
func (in *inverter) leaf(s Shape, v cty.Value, key string) {
	l, ok := s.(Leaf)
	if !ok || l.Source == nil {
		in.fail(key, fixed)
		return
	}
	in.assign(key, *l.Source, v)
}

// template takes a text apart into texts that are known and variables. If one
// variable alone explains the text while the others stay, it is the one;
// otherwise the text must come apart in one way only.
func (in *inverter) template(parts []Shape, text, key string) {
	var holes []string
	for _, p := range parts {
		if l, ok := p.(Leaf); ok && l.Source != nil && !slices.Contains(holes, l.Source.String()) {
			holes = append(holes, l.Source.String())
		}
	}
	var found []map[string]string
	for _, hole := range holes {
		if m, err := match(parts, text, []string{hole}); err == nil {
			found = append(found, m)
		}
	}
	if len(found) == 0 {
		m, err := match(parts, text, holes)
		if err != nil {
			in.fail(key, err.Error())
			return
		}
		found = append(found, m)
	}
	if len(found) > 1 {
		in.fail(key, ambiguous)
		return
	}
	for _, p := range parts {
		l, ok := p.(Leaf)
		if !ok || l.Source == nil {
			continue
		}
		if value, open := found[0][l.Source.String()]; open {
			in.assign(key, *l.Source, cty.StringVal(value))
		} else {
			in.assign(key, *l.Source, l.Value)
		}
	}
}

// match finds the texts of the open variables, all else being as it is.
func match(parts []Shape, text string, open []string) (map[string]string, error) {
	var lazy, greedy strings.Builder
	var names []string
	for _, p := range parts {
		if l, ok := p.(Leaf); ok && l.Source != nil && slices.Contains(open, l.Source.String()) {
			names = append(names, l.Source.String())
			lazy.WriteString("(.*?)")
			greedy.WriteString("(.*)")
			continue
		}
		known, ok := Text(p)
		if !ok {
			return nil, errors.New(fixed)
		}
		lazy.WriteString(regexp.QuoteMeta(known))
		greedy.WriteString(regexp.QuoteMeta(known))
	}
	first, err := submatch(lazy.String(), text)
	if err != nil {
		return nil, err
	}
	last, err := submatch(greedy.String(), text)
	if err != nil {
		return nil, err
	}
	out := map[string]string{}
	for i, name := range names {
		if first[i+1] != last[i+1] {
			return nil, errors.New(ambiguous)
		}
		if old, ok := out[name]; ok && old != first[i+1] {
			return nil, errors.New(noMatch)
		}
		out[name] = first[i+1]
	}
	return out, nil
}

func submatch(pattern, text string) ([]string, error) {
	re, err := regexp.Compile(`(?s)\A` + pattern + `\z`)
	if err != nil {
		return nil, errors.New(noMatch)
	}
	m := re.FindStringSubmatch(text)
	if m == nil {
		return nil, errors.New(noMatch)
	}
	return m, nil
}

// parse reads JSON with its numbers as they are.
func parse(text string) (cty.Value, error) {
	ty, err := ctyjson.ImpliedType([]byte(text))
	if err != nil {
		return cty.NilVal, err
	}
	return ctyjson.Unmarshal([]byte(text), ty)
}

// value inverts a shape inside of a JSON text.
func (in *inverter) value(s Shape, v cty.Value, key string) {
	if now := Value(s); now.IsWhollyKnown() && sameJSON(now, v) {
		in.keepAll(s, key)
		return
	}
	if l, ok := s.(Leaf); ok && l.Source != nil && otherKeys(l.Value, v) {
		in.leaf(s, v, key)
		return
	}
	switch s := Open(s).(type) {
	case Object:
		in.object(s, v, key)
	case Tuple:
		in.tuple(s, v, key)
	case Leaf:
		in.leaf(s, v, key)
	default: // a text
		if v.Type() != cty.String || v.IsNull() {
			in.fail(key, notObject)
			return
		}
		in.text(s, v.AsString(), key)
	}
}

func (in *inverter) keepAll(s Shape, key string) {
	switch s := s.(type) {
	case Object:
		for _, of := range s {
			in.keepAll(of, key)
		}
	case Tuple:
		for _, of := range s {
			in.keepAll(of, key)
		}
	case JSON:
		in.keepAll(s.Of, key)
	default:
		in.keep(s, key)
	}
}

// otherKeys reports whether a map or an object has other keys than it had.
func otherKeys(was, now cty.Value) bool {
	if !was.IsKnown() || was.IsNull() || !now.IsKnown() || now.IsNull() || !now.Type().IsObjectType() ||
		!was.Type().IsMapType() && !was.Type().IsObjectType() {
		return false
	}
	old, keys := was.AsValueMap(), now.AsValueMap()
	return !slices.Equal(slices.Sorted(maps.Keys(old)), slices.Sorted(maps.Keys(keys)))
}

func (in *inverter) object(s Object, v cty.Value, key string) {
	if v.IsNull() || !v.Type().IsObjectType() {
		in.fail(key, notObject)
		return
	}
	held := v.AsValueMap()
	for _, name := range slices.Sorted(maps.Keys(s)) {
		at := join(key, name)
		if h, ok := held[name]; ok {
			in.value(s[name], h, at)
		} else {
			in.fail(at, gone)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(held)) {
		if _, ok := s[name]; !ok {
			in.fail(join(key, name), undeclare)
		}
	}
}

func (in *inverter) tuple(s Tuple, v cty.Value, key string) {
	if v.IsNull() || !v.Type().IsTupleType() || v.LengthInt() != len(s) {
		in.fail(key, notObject)
		return
	}
	for i, of := range s {
		in.value(of, v.Index(cty.NumberIntVal(int64(i))), fmt.Sprintf("%s[%d]", key, i))
	}
}

func join(key, name string) string {
	if key == "" {
		return name
	}
	return key + "." + name
}

// sameJSON reports whether two values make the same JSON text.
func sameJSON(a, b cty.Value) bool {
	ja, errA := ctyjson.Marshal(a, a.Type())
	jb, errB := ctyjson.Marshal(b, b.Type())
	return errA == nil && errB == nil && string(ja) == string(jb)
}

// Put returns a value with the one at a path replaced. The rest of it is of the
// same type as before where the new value allows.
func Put(v cty.Value, path cty.Path, to cty.Value) (cty.Value, error) {
	if len(path) == 0 {
		// The conversion to an object type would drop keys that it does not have.
		if v != cty.NilVal && v.IsKnown() && !v.IsNull() && !otherKeys(v, to) {
			if same, err := convert.Convert(to, v.Type()); err == nil {
				return same, nil
			}
		}
		return to, nil
	}
	if v == cty.NilVal || !v.IsKnown() || v.IsNull() || !v.CanIterateElements() {
		return cty.NilVal, errors.New("there is nothing at this place")
	}
	if v.Type().IsTupleType() || v.Type().IsListType() {
		return putItem(v, path, to)
	}
	name := ""
	switch step := path[0].(type) {
	case cty.GetAttrStep:
		name = step.Name
	case cty.IndexStep:
		if step.Key.Type() != cty.String {
			return cty.NilVal, errors.New("there is nothing at this place")
		}
		name = step.Key.AsString()
	}
	attrs := v.AsValueMap()
	old, ok := attrs[name]
	if !ok {
		return cty.NilVal, errors.New("there is nothing at this place")
	}
	next, err := Put(old, path[1:], to)
	if err != nil {
		return cty.NilVal, err
	}
	attrs[name] = next
	return retype(cty.ObjectVal(attrs), v.Type()), nil
}

func putItem(v cty.Value, path cty.Path, to cty.Value) (cty.Value, error) {
	items := v.AsValueSlice()
	step, ok := path[0].(cty.IndexStep)
	if !ok || step.Key.Type() != cty.Number {
		return cty.NilVal, errors.New("there is nothing at this place")
	}
	i, _ := step.Key.AsBigFloat().Int64()
	if i < 0 || i >= int64(len(items)) {
		return cty.NilVal, errors.New("there is nothing at this place")
	}
	next, err := Put(items[i], path[1:], to)
	if err != nil {
		return cty.NilVal, err
	}
	items[i] = next
	return retype(cty.TupleVal(items), v.Type()), nil
}

// retype gives a value the type if it can have it.
func retype(v cty.Value, ty cty.Type) cty.Value {
	if same, err := convert.Convert(v, ty); err == nil {
		return same
	}
	return v
}

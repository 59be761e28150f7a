package localsm

import (
	"encoding/base64"
	"fmt"
	"maps"
	"slices"
	"strings"

	"hci/sync/secret"
)

// parameterOut is a parameter as the Get operations answer it.
type parameterOut struct {
	Name, Type, Value string
	Version           int
	Selector          string `json:",omitempty"`
	LastModifiedDate  stamp
	ARN               string
	DataType          string
}

func (v *parameterVersion) shown(decrypt bool) string {
	if v.typ == typeSecure && !decrypt {
		return base64.StdEncoding.EncodeToString([]byte(v.sealed))
	}
	return v.value.Reveal()
}

func (p *parameter) open(v *parameterVersion, selector string, decrypt bool) parameterOut {
	return parameterOut{p.name, v.typ, v.shown(decrypt), v.number, selector, stamp{v.changed}, p.arn, v.dataType}
}

func (c *call) getParameter() (any, *fault) {
	c.p.need("Name")
	asked := c.p.text("Name", 1, 2048)
	decrypt := c.p.flag("WithDecryption")
	if err := c.p.verdict(); err != nil {
		return nil, err
	}
	p, v, selector := c.findParameter(asked)
	switch {
	case p == nil:
		return nil, fail(parameterNotFound, "")
	case v == nil:
		return nil, fail(parameterVersionNotFound, "Systems Manager could not find version %s of %s. Verify the version and try again.", strings.TrimPrefix(selector, ":"), p.name)
	}
	return struct{ Parameter parameterOut }{p.open(v, selector, decrypt)}, nil
}

type parametersOut struct {
	Parameters        []parameterOut
	InvalidParameters []string
}

func (c *call) getParameters() (any, *fault) {
	c.p.need("Names")
	names := c.p.texts("Names", 10, 1, 2048)
	decrypt := c.p.flag("WithDecryption")
	if err := c.p.verdict(); err != nil {
		return nil, err
	}
	out := parametersOut{[]parameterOut{}, []string{}}
	for i, asked := range names {
		if slices.Contains(names[:i], asked) {
			return nil, fail(validation, "Duplicate parameters are not allowed in the request.")
		}
		p, v, selector := c.findParameter(asked)
		if v == nil {
			out.InvalidParameters = append(out.InvalidParameters, asked)
			continue
		}
		out.Parameters = append(out.Parameters, p.open(v, selector, decrypt))
	}
	return out, nil
}

// parameterFilter selects parameters.
//
// https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_ParameterStringFilter.html
type parameterFilter struct {
	Key, Option string
	Values      []string
}

// filterOptions are those that a key takes, the default first.
var filterOptions = map[string][]string{
	"Name": {"Equals", "BeginsWith", "Contains"}, "Type": {"Equals", "BeginsWith"}, "KeyId": {"Equals", "BeginsWith"},
	"Tier": {"Equals"}, "DataType": {"Equals"}, "Label": {"Equals"}, "Path": {"OneLevel", "Recursive"},
}

func (c *call) parameterFilters() []parameterFilter {
	var all []parameterFilter
	c.p.read("ParameterFilters", &all)
	for i := range all {
		f := &all[i]
		options, known := filterOptions[f.Key]
		if strings.HasPrefix(f.Key, "tag:") {
			options, known = []string{"Equals"}, true
		}
		if f.Option == "" && known {
			f.Option = options[0]
		}
		switch {
		case c.p.bad != nil:
		case !known:
			c.p.bad = fail("InvalidFilterKey", "The specified key isn't valid.")
		case !slices.Contains(options, f.Option):
			c.p.bad = fail("InvalidFilterOption", "The following filter option is not valid: %s. Valid options include: [%s]", f.Option, strings.Join(options, ", "))
		case len(f.Values) == 0 && !strings.HasPrefix(f.Key, "tag:"), len(f.Values) > 50:
			c.p.bad = fail("InvalidFilterValue", "The filter value isn't valid. Verify the value and try again.")
		}
	}
	return all
}

// matches reports whether a filter takes a version of a parameter.
func (f parameterFilter) matches(p *parameter, v *parameterVersion) bool {
	if key, ok := strings.CutPrefix(f.Key, "tag:"); ok {
		return slices.ContainsFunc(p.tags, func(t tag) bool {
			return t.Key == key && (len(f.Values) == 0 || slices.Contains(f.Values, t.Value))
		})
	}
	if f.Key == "Label" {
		return slices.ContainsFunc(v.labels, func(l string) bool { return slices.Contains(f.Values, l) })
	}
	have := map[string]string{"Name": p.name, "Path": p.name, "Type": v.typ, "KeyId": v.key, "Tier": v.tier, "DataType": v.dataType}[f.Key]
	return slices.ContainsFunc(f.Values, func(value string) bool {
		switch f.Option {
		case "BeginsWith":
			return strings.HasPrefix(strings.TrimPrefix(have, "/"), strings.TrimPrefix(value, "/"))
		case "Contains":
			return strings.Contains(have, value)
		case "OneLevel", "Recursive":
			return below(have, value, f.Option == "Recursive")
		}
		return have == value || f.Key == "Name" && strings.TrimPrefix(have, "/") == strings.TrimPrefix(value, "/")
	})
}

// below reports whether a name is below a path.
func below(name, path string, recursive bool) bool {
	rest, ok := strings.CutPrefix(name, strings.TrimSuffix(path, "/")+"/")
	return ok && (recursive || !strings.Contains(rest, "/"))
}

// selected lists parameters, by name.
func (c *call) selected(takes func(*parameter) bool) []*parameter {
	var all []*parameter
	for _, name := range slices.Sorted(maps.Keys(c.parameters)) {
		if p := c.parameters[name]; takes(p) {
			all = append(all, p)
		}
	}
	return all
}

func parameterPlace(p *parameter) place { return place{Name: p.name} }

func (c *call) getParametersByPath() (any, *fault) {
	c.p.need("Path")
	path := c.p.text("Path", 1, 2048)
	recursive, decrypt := c.p.flag("Recursive"), c.p.flag("WithDecryption")
	filters := c.parameterFilters()
	n := c.p.number("MaxResults", 1, 10, 10)
	token := c.p.text("NextToken", 1, maxNextToken)
	if err := c.p.verdict(); err != nil {
		return nil, err
	}
	if !strings.HasPrefix(path, "/") || path != "/" && !parameterName().MatchString(path) {
		return nil, fail(validation, "The parameter path %s is not valid: it must begin with a slash.", path)
	}
	found := c.selected(func(p *parameter) bool {
		return below(p.name, path, recursive) && !slices.ContainsFunc(filters, func(f parameterFilter) bool { return !f.matches(p, p.current()) })
	})
	found, next, err := page(c.Server, fmt.Sprintf("path %q %v %q", path, recursive, filters), token, found, parameterPlace, false, n)
	if err != nil {
		return nil, fail("InvalidNextToken", "The specified token isn't valid.")
	}
	out := struct {
		Parameters []parameterOut
		NextToken  string `json:",omitempty"`
	}{[]parameterOut{}, next}
	for _, p := range found {
		out.Parameters = append(out.Parameters, p.open(p.current(), "", decrypt))
	}
	return out, nil
}

// settingsOfParameter is what DescribeParameters tells of a version.
type settingsOfParameter struct {
	Name, Type       string
	KeyID            string `json:"KeyId,omitempty"`
	LastModifiedDate stamp
	LastModifiedUser string
	Description      string `json:",omitempty"`
	AllowedPattern   string `json:",omitempty"`
	Version          int
	Tier, DataType   string
	Policies         []struct{}
}

func (c *call) settingsOf(p *parameter, v *parameterVersion) settingsOfParameter {
	user := fmt.Sprintf("arn:%s:iam::%s:user/local", partition(c.o.Region), c.o.AccountID)
	return settingsOfParameter{p.name, v.typ, v.key, stamp{v.changed}, user, v.description, v.pattern, v.number, v.tier, v.dataType, []struct{}{}}
}

func (c *call) describeParameters() (any, *fault) {
	c.p.refuse("Filters")
	filters := c.parameterFilters()
	n := c.p.number("MaxResults", 1, 50, 50)
	token := c.p.text("NextToken", 1, maxNextToken)
	if err := c.p.verdict(); err != nil {
		return nil, err
	}
	found := c.selected(func(p *parameter) bool {
		return !slices.ContainsFunc(filters, func(f parameterFilter) bool { return !f.matches(p, p.current()) })
	})
	found, next, err := page(c.Server, fmt.Sprintf("parameters %q", filters), token, found, parameterPlace, false, n)
	if err != nil {
		return nil, fail("InvalidNextToken", "The specified token isn't valid.")
	}
	out := struct {
		Parameters []settingsOfParameter
		NextToken  string `json:",omitempty"`
	}{[]settingsOfParameter{}, next}
	for _, p := range found {
		out.Parameters = append(out.Parameters, c.settingsOf(p, p.current()))
	}
	return out, nil
}

type pastParameter struct {
	settingsOfParameter
	Value  string
	Labels []string
}

func (c *call) getParameterHistory() (any, *fault) {
	c.p.need("Name")
	name := c.p.text("Name", 1, maxParameterName)
	decrypt := c.p.flag("WithDecryption")
	n := c.p.number("MaxResults", 1, 50, 50)
	token := c.p.text("NextToken", 1, maxNextToken)
	if err := c.p.verdict(); err != nil {
		return nil, err
	}
	p := c.parameters[name]
	if p == nil {
		return nil, fail(parameterNotFound, "")
	}
	found, next, err := page(c.Server, "history "+name, token, slices.Clone(p.versions), func(v *parameterVersion) place { return place{Seq: v.number} }, false, n)
	if err != nil {
		return nil, fail("InvalidNextToken", "The specified token isn't valid.")
	}
	out := struct {
		Parameters []pastParameter
		NextToken  string `json:",omitempty"`
	}{[]pastParameter{}, next}
	for _, v := range found {
		out.Parameters = append(out.Parameters, pastParameter{c.settingsOf(p, v), v.shown(decrypt), append([]string{}, v.labels...)})
	}
	return out, nil
}

// Parameter is a parameter that is put in place with [Server.PutParameter].
type Parameter struct {
	Type, Tier, Key, Description, AllowedPattern string
	Tags                                         map[string]string
}

// PutParameter writes a parameter without a request: it makes it, or adds a
// version. It refuses what the service would refuse.
func (s *Server) PutParameter(name string, value secret.Value, as Parameter) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if e := checkParameterName(name); e != nil {
		return fmt.Errorf("parameter %q: %s", name, e.message)
	}
	p := s.parameters[name]
	if p == nil {
		s.seq++
		p = &parameter{name: name, arn: s.parameterARN(name), seq: s.seq}
		for _, key := range slices.Sorted(maps.Keys(as.Tags)) {
			p.tags = append(p.tags, tag{key, as.Tags[key]})
		}
	}
	v := &parameterVersion{typ: as.Type, value: value, key: as.Key, description: as.Description, pattern: as.AllowedPattern}
	e := v.complete(p, func(string) bool { return true }, as.Tier)
	if e == nil {
		e = p.add(v, s.now())
	}
	if e != nil {
		return fmt.Errorf("parameter %q: %s", name, e.message)
	}
	s.parameters[name] = p
	return nil
}

// ParameterHistory returns the versions of a parameter that are kept, the oldest
// first, without a request; nil if there is none. See [Server.History].
func (s *Server) ParameterHistory(name string) []Version {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.parameters[name]
	if p == nil {
		return nil
	}
	all := []Version{}
	for _, v := range p.versions {
		all = append(all, Version{ID: fmt.Sprint(v.number), Value: v.value, Labels: slices.Clone(v.labels), Created: v.changed})
	}
	return all
}

package localsm

import (
	"slices"

	"hci/sync/secret"
)

type parameterPutOut struct {
	Version int
	Tier    string
}

func (c *call) putParameter() (any, *fault) {
	c.p.refuse("Policies")
	c.p.need("Name")
	c.p.need("Value")
	name := c.p.text("Name", 1, 2048)
	typ := c.p.oneOf("Type", typeString, typeList, typeSecure)
	tier := c.p.oneOf("Tier", tierStandard, tierAdvanced, tierIntelligent)
	next := &parameterVersion{
		typ: typ, key: c.p.text("KeyId", 1, 256), description: c.p.text("Description", 0, maxParameterText),
		pattern: c.p.text("AllowedPattern", 0, maxParameterText), dataType: c.p.text("DataType", 0, 128),
	}
	var value string
	c.p.read("Value", &value)
	next.value = secret.New(value)
	overwrite := c.p.flag("Overwrite")
	tags := c.p.tags("Tags")
	if err := c.p.verdict(); err != nil {
		return nil, err
	}
	p := c.parameters[name]
	switch {
	case p != nil && !overwrite:
		return nil, fail(parameterExists, "The parameter already exists. To overwrite this value, set the overwrite option in the request to true.")
	case overwrite && len(tags) > 0:
		return nil, fail(validation, "Invalid request: tags and overwrite can't be used together. To create a parameter with tags, please remove overwrite flag. To update tags for an existing parameter, please use AddTagsToResource or RemoveTagsFromResource.")
	case p == nil && typ == "":
		return nil, fail(validation, "A parameter type is required when you create a parameter.")
	}
	if p == nil {
		if err := checkParameterName(name); err != nil {
			return nil, err
		}
		if err := checkTags(tags, tags); err != nil {
			return nil, err
		}
		c.seq++
		p = &parameter{name: name, arn: c.parameterARN(name), seq: c.seq, tags: tags}
	}
	if err := next.complete(p, c.p.has, tier); err != nil {
		return nil, err
	}
	if err := p.add(next, c.now); err != nil {
		return nil, err
	}
	c.parameters[name] = p
	return parameterPutOut{next.number, next.tier}, nil
}

// complete fills in what a request leaves out: as it was, or AWS's default.
func (v *parameterVersion) complete(p *parameter, given func(string) bool, tier string) *fault {
	was := &parameterVersion{tier: tierStandard, dataType: "text"}
	if len(p.versions) > 0 {
		was = p.current()
	}
	if v.typ == "" {
		v.typ = was.typ
	}
	switch {
	case was.typ != "" && v.typ != was.typ:
		return fail(typeMismatch, "The parameter type cannot be changed from %s to %s. Delete and recreate this parameter.", was.typ, v.typ)
	case v.key != "" && v.typ != typeSecure:
		return fail(validation, "KeyId is required for SecureString type parameter only.")
	case v.key == "" && v.typ == typeSecure:
		if v.key = was.key; v.key == "" {
			v.key = defaultParameterKey
		}
	}
	if !given("Description") {
		v.description = was.description
	}
	if !given("AllowedPattern") {
		v.pattern = was.pattern
	}
	if v.dataType == "" {
		v.dataType = was.dataType
	}
	switch v.tier = was.tier; {
	case tier == tierStandard && was.tier == tierAdvanced:
		return fail(validation, "This parameter uses the advanced-parameter tier. You can't downgrade a parameter from the advanced-parameter tier to the standard-parameter tier.")
	case tier == tierAdvanced, tier == tierIntelligent && v.value.Len() > maxStandard:
		v.tier = tierAdvanced
	}
	return checkParameter(v)
}

func (c *call) deleteParameter() (any, *fault) {
	c.p.need("Name")
	name := c.p.text("Name", 1, maxParameterName)
	if err := c.p.verdict(); err != nil {
		return nil, err
	}
	if c.parameters[name] == nil {
		return nil, fail(parameterNotFound, "")
	}
	delete(c.parameters, name)
	return struct{}{}, nil
}

func (c *call) deleteParameters() (any, *fault) {
	names := c.p.texts("Names", 10, 1, maxParameterName)
	if err := c.p.verdict(); err != nil {
		return nil, err
	}
	out := struct{ DeletedParameters, InvalidParameters []string }{[]string{}, []string{}}
	for _, name := range names {
		if c.parameters[name] == nil {
			out.InvalidParameters = append(out.InvalidParameters, name)
			continue
		}
		delete(c.parameters, name)
		out.DeletedParameters = append(out.DeletedParameters, name)
	}
	return out, nil
}

// labelParameterVersion moves labels to a version.
func (c *call) labelParameterVersion() (any, *fault) {
	c.p.need("Name")
	name := c.p.text("Name", 1, maxParameterName)
	labels := c.p.texts("Labels", labelsOfVersion, 1, maxParameterLabel)
	var number int
	given := c.p.read("ParameterVersion", &number)
	if err := c.p.verdict(); err != nil {
		return nil, err
	}
	p := c.parameters[name]
	if p == nil {
		return nil, fail(parameterNotFound, "")
	}
	v := p.current()
	if given {
		i := slices.IndexFunc(p.versions, func(v *parameterVersion) bool { return v.number == number })
		if i < 0 {
			return nil, fail(parameterVersionNotFound, "Systems Manager could not find version %d of %s. Verify the version and try again.", number, name)
		}
		v = p.versions[i]
	}
	out := struct {
		InvalidLabels    []string
		ParameterVersion int
	}{[]string{}, v.number}
	for _, label := range labels {
		if !parameterLabel().MatchString(label) || reservedName().MatchString(label) {
			out.InvalidLabels = append(out.InvalidLabels, label)
			continue
		}
		if !slices.Contains(v.labels, label) && len(v.labels) >= labelsOfVersion {
			return nil, fail(labelLimit, "A parameter version can have a maximum of %d labels.", labelsOfVersion)
		}
		for _, other := range p.versions {
			other.labels = slices.DeleteFunc(other.labels, func(l string) bool { return l == label })
		}
		v.labels = append(v.labels, label)
	}
	return out, nil
}

// tagged finds the parameter that a request on tags is about.
func (c *call) tagged() (*parameter, *fault) {
	c.p.need("ResourceType")
	c.p.need("ResourceId")
	c.p.oneOf("ResourceType", "Parameter")
	id := c.p.text("ResourceId", 1, maxParameterName)
	if err := c.p.verdict(); err != nil {
		return nil, err
	}
	if p := c.parameters[id]; p != nil {
		return p, nil
	}
	return nil, fail(invalidResourceID, "The resource ID isn't valid. Verify that you entered the correct ID and try again.")
}

func (c *call) listTagsForResource() (any, *fault) {
	p, err := c.tagged()
	if err != nil {
		return nil, err
	}
	return struct{ TagList []tag }{slices.Clone(p.tags)}, nil
}

func (c *call) addTagsToResource() (any, *fault) {
	added := c.p.tags("Tags")
	p, err := c.tagged()
	if err != nil {
		return nil, err
	}
	all := merged(p.tags, added)
	if err := checkTags(added, all); err != nil {
		return nil, err
	}
	p.tags = all
	return struct{}{}, nil
}

func (c *call) removeTagsFromResource() (any, *fault) {
	keys := c.p.texts("TagKeys", maxTags, 1, maxTagKey)
	p, err := c.tagged()
	if err != nil {
		return nil, err
	}
	p.tags = slices.DeleteFunc(p.tags, func(t tag) bool { return slices.Contains(keys, t.Key) })
	return struct{}{}, nil
}

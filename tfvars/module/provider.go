package module

import (
	"maps"
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
	ctyconvert "github.com/zclconf/go-cty/cty/convert"

	"hci/sync/secret"
	"hci/tfvars/module/internal/config"
	"hci/tfvars/module/internal/eval"
	"hci/tfvars/module/internal/mark"
)

// settings reads a provider block into a place. What has a value that is not
// known is noted there as unsettled.
type settings struct {
	in    *eval.Instance
	place *Place
	bound map[string]cty.Value // the iterator of a dynamic block
}

func (s *settings) read(block *config.Provider) {
	p, attrs := s.place, block.Attrs
	if block.ForEach != nil && s.bound == nil {
		p.unsettle("provider "+block.Key()+config.Indexed, nil)
		return
	}
	p.Region, p.Profile = s.text(attrs, "", "region"), s.text(attrs, "", "profile")
	p.STSRegion = s.text(attrs, "", "sts_region")
	p.Allowed, p.Forbidden = s.texts(attrs, "", "allowed_account_ids"), s.texts(attrs, "", "forbidden_account_ids")
	p.FIPS, p.DualStack = s.flag(attrs, "use_fips_endpoint"), s.flag(attrs, "use_dualstack_endpoint")
	p.ConfigFiles, p.CredentialsFiles = s.texts(attrs, "", "shared_config_files"), s.texts(attrs, "", "shared_credentials_files")
	if one := s.text(attrs, "", "shared_credentials_file"); one != "" && p.CredentialsFiles == nil {
		p.CredentialsFiles = []string{one}
	}
	keys := Keys{
		AccessKey: secret.New(s.text(attrs, "", "access_key")),
		SecretKey: secret.New(s.text(attrs, "", "secret_key")),
		Token:     secret.New(s.text(attrs, "", "token")),
	}
	if keys.AccessKey.Len() > 0 || keys.SecretKey.Len() > 0 {
		p.Keys = &keys
	}
	if expr, ok := attrs[config.DefaultTags]; ok {
		v, _ := s.in.EvalBound(expr, s.bound).UnmarkDeep()
		p.Tags, p.TagsUnknown = knownTags(v), !v.IsWhollyKnown()
	}
	s.each(block, config.AssumeRole, s.role)
	s.each(block, config.WebIdentity, s.webIdentity)
	s.each(block, config.Endpoints, func(b config.Nested) {
		for _, name := range sortedKeys(b.Attrs) {
			s.endpoint(name, s.text(b.Attrs, config.Endpoints+".", name))
		}
	})
	p.TagsUnknown = p.TagsUnknown || block.Dynamic["default_tags"]
	for _, name := range slices.Sorted(maps.Keys(block.Dynamic)) {
		if name == config.AssumeRole || name == config.WebIdentity || name == config.Endpoints {
			p.unsettle(name, nil)
		}
	}
}

// each calls read for each nested block of a kind; a dynamic one makes as many as
// its for_each has elements.
func (s *settings) each(block *config.Provider, kind string, read func(config.Nested)) {
	for _, b := range block.Blocks[kind] {
		if b.ForEach == nil {
			read(b)
			continue
		}
		given := s.in.EvalBound(b.ForEach, s.bound)
		all, _ := given.UnmarkDeep()
		if all.IsKnown() && all.IsNull() || !all.IsKnown() || !all.CanIterateElements() {
			s.place.unsettle(kind, mark.Awaited(given))
			continue
		}
		for it := all.ElementIterator(); it.Next(); {
			outer := s.bound
			s.bound = maps.Clone(outer)
			if s.bound == nil {
				s.bound = map[string]cty.Value{}
			}
			s.bound[b.Iterator] = iterated(it.Element())
			read(b)
			s.bound = outer
		}
	}
}

// iterated is what an iterator such as each holds of an element.
func iterated(key, value cty.Value) cty.Value {
	return cty.ObjectVal(map[string]cty.Value{"key": key, "value": value})
}

func (s *settings) endpoint(name, address string) {
	if address == "" {
		return
	}
	if s.place.Endpoints == nil {
		s.place.Endpoints = map[string]string{}
	}
	s.place.Endpoints[name] = address
}

// role reads an assume_role block. One without a role assumes none.
func (s *settings) role(b config.Nested) {
	const in = config.AssumeRole + "."
	role := Role{
		ARN: s.text(b.Attrs, in, "role_arn"), SessionName: s.text(b.Attrs, in, "session_name"),
		ExternalID: s.text(b.Attrs, in, "external_id"), SourceIdentity: s.text(b.Attrs, in, "source_identity"),
		Duration: s.text(b.Attrs, in, "duration"), Policy: s.text(b.Attrs, in, "policy"),
		PolicyARNs: s.texts(b.Attrs, in, "policy_arns"), TransitiveTagKeys: s.texts(b.Attrs, in, "transitive_tag_keys"),
		Tags: s.tags(b.Attrs, in, "tags"),
	}
	if role.Duration == "" {
		if seconds := s.text(b.Attrs, in, "duration_seconds"); seconds != "" { // of old versions
			role.Duration = seconds + "s"
		}
	}
	if role.ARN != "" {
		s.place.Roles = append(s.place.Roles, role)
	}
}

func (s *settings) webIdentity(b config.Nested) {
	const in = config.WebIdentity + "."
	w := WebIdentity{
		ARN: s.text(b.Attrs, in, "role_arn"), SessionName: s.text(b.Attrs, in, "session_name"),
		Duration: s.text(b.Attrs, in, "duration"), Policy: s.text(b.Attrs, in, "policy"),
		PolicyARNs: s.texts(b.Attrs, in, "policy_arns"), TokenFile: s.text(b.Attrs, in, "web_identity_token_file"),
		Token: secret.New(s.text(b.Attrs, in, "web_identity_token")),
	}
	if w.ARN != "" {
		s.place.WebIdentity = &w
	}
}

// value is an argument's value, converted; ok is false if it is not there, null
// or not known, which is noted.
func (s *settings) value(attrs map[string]hcl.Expression, prefix, name string, ty cty.Type) (v cty.Value, ok bool) {
	expr, there := attrs[name]
	if !there {
		return cty.NilVal, false
	}
	given := s.in.EvalBound(expr, s.bound)
	v, _ = given.UnmarkDeep()
	if v.IsKnown() && v.IsNull() {
		return cty.NilVal, false
	}
	v, err := ctyconvert.Convert(v, ty)
	if err != nil || !v.IsWhollyKnown() {
		s.place.unsettle(prefix+name, mark.Awaited(given))
		return cty.NilVal, false
	}
	return v, true
}

func (s *settings) text(attrs map[string]hcl.Expression, prefix, name string) string {
	v, ok := s.value(attrs, prefix, name, cty.String)
	if !ok {
		return ""
	}
	return v.AsString()
}

func (s *settings) texts(attrs map[string]hcl.Expression, prefix, name string) []string {
	v, ok := s.value(attrs, prefix, name, cty.List(cty.String))
	if !ok {
		return nil
	}
	var all []string
	for _, item := range v.AsValueSlice() {
		if !item.IsNull() {
			all = append(all, item.AsString())
		}
	}
	return all
}

func (s *settings) tags(attrs map[string]hcl.Expression, prefix, name string) map[string]string {
	v, ok := s.value(attrs, prefix, name, cty.Map(cty.String))
	if !ok {
		return nil
	}
	return knownTags(v)
}

func (s *settings) flag(attrs map[string]hcl.Expression, name string) bool {
	v, ok := s.value(attrs, "", name, cty.Bool)
	return ok && v.True()
}

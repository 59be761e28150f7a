package module

import (
	"reflect"
	"slices"
	"strings"

	"hci/sync/secret"
	"hci/tfvars/module/internal/config"
	"hci/tfvars/module/internal/eval"
	"hci/tfvars/module/internal/mark"
)

// Place is where Terraform keeps something in AWS: what the provider says that
// it uses for it, and what the block itself ("region", from version 6 of the
// provider) or an ARN says besides. What is not set is empty, and left to
// hci.hcl, then to the environment and the shared AWS configuration, as the
// provider leaves it to them. null counts as not set.
//
// A place with something in Unsettled must not be used before that is settled
// otherwise.
//
// https://registry.terraform.io/providers/hashicorp/aws/latest/docs#argument-reference
type Place struct {
	// Provider is the address of the provider block: "aws", "aws.east",
	// "module.app.aws"; "" if there is none, which means a default provider
	// with the environment's settings.
	Provider string

	Region  string
	Profile string
	// Partition and Account are those that an ARN names; "" where none does.
	Partition, Account string
	// Allowed and Forbidden are allowed_account_ids and forbidden_account_ids:
	// in no other account, and in none of these, may anything be read or written.
	Allowed, Forbidden []string

	Keys *Keys // static credentials; nil if there are none
	// Roles are assumed one after the other, each with the credentials of the
	// one before.
	Roles       []Role
	WebIdentity *WebIdentity // nil if there is none

	// ConfigFiles and CredentialsFiles stand in for the usual files of the AWS
	// configuration, if there are any. "~" is not replaced.
	ConfigFiles, CredentialsFiles []string

	// Endpoints are the addresses of services by the provider's names for
	// them ("secretsmanager", "ssm", "sts", "ecs", "ecr").
	Endpoints map[string]string
	FIPS      bool
	DualStack bool
	STSRegion string

	Tags        map[string]string // default_tags, as far as they are known
	TagsUnknown bool              // some are not

	// Unsettled lists the settings that the code has but whose values are not
	// known.
	Unsettled []Unsettled

	File string // where the provider is declared; "" if it is not
	Line int
}

// Keys are static credentials.
type Keys struct{ AccessKey, SecretKey, Token secret.Value }

// Role is a role that is assumed.
type Role struct {
	ARN, SessionName, ExternalID, SourceIdentity string
	Duration                                     string // "1h"; "" for the default
	Policy                                       string // JSON
	PolicyARNs, TransitiveTagKeys                []string
	Tags                                         map[string]string
}

// WebIdentity is a role that is assumed with a token of an identity provider.
type WebIdentity struct {
	ARN, SessionName, Duration, Policy string
	PolicyARNs                         []string
	TokenFile                          string
	Token                              secret.Value
}

// Unsettled is a setting whose value is not known.
type Unsettled struct {
	Setting string   // "region", "assume_role.role_arn", "provider aws.east"
	Awaits  []string // the addresses that it waits for; none for a provider that is not declared
}

// defaultProvider is what resources of AWS use if they don't say otherwise.
const defaultProvider = "aws"

// providerKey is a provider block in an instance of a module.
type providerKey struct {
	in    *eval.Instance
	block *config.Provider
	key   string // of an instance of one with for_each
}

// place is where a resource of AWS is kept.
func (r *reader) place(b block) Place {
	p := r.providerOf(b)
	v, ok := r.argument(b, "region")
	if !ok {
		return p
	}
	text, ok := r.text(v, b.res.Attrs["region"].Range(), "region")
	switch {
	case !ok:
	case !text.IsKnown():
		p.unsettle("region", mark.Awaited(v))
	case text.AsString() != "":
		p.Unsettled = slices.DeleteFunc(slices.Clone(p.Unsettled), func(u Unsettled) bool { return u.Setting == "region" })
		p.Region = text.AsString()
	}
	return p
}

// at is the place of something that an ARN names, with this place's credentials.
func (p Place) at(a arn) Place {
	p.Partition, p.Account = a.partition, a.account
	if a.region != "" {
		p.Region = a.region
		p.Unsettled = slices.DeleteFunc(slices.Clone(p.Unsettled), func(u Unsettled) bool { return u.Setting == "region" })
	}
	return p
}

// Same reports whether two places have the same settings. Whether an account
// that an ARN names is the provider's own the code doesn't tell.
func (p Place) Same(q Place) bool {
	for _, one := range []*Place{&p, &q} {
		one.Provider, one.File, one.Line, one.Tags, one.TagsUnknown = "", "", 0, nil, false
	}
	return reflect.DeepEqual(p, q)
}

// mayBe reports whether nothing in the code says that an ARN's secret lies
// elsewhere.
func (p Place) mayBe(a arn) bool {
	return (p.Region == "" || a.region == "" || p.Region == a.region) &&
		(p.Account == "" || a.account == "" || p.Account == a.account) &&
		(p.Allowed == nil || a.account == "" || slices.Contains(p.Allowed, a.account)) &&
		!slices.Contains(p.Forbidden, a.account)
}

// unsettle notes a setting that is not known, in a list of the place's own.
func (p *Place) unsettle(setting string, awaits []string) {
	p.Unsettled = append(slices.Clip(p.Unsettled), Unsettled{Setting: setting, Awaits: awaits})
}

// provider evaluates the provider that a reference means in a module. A module
// without such a block has its caller's.
func (r *reader) provider(in *eval.Instance, ref string) Place {
	if ref != defaultProvider && strings.HasSuffix(ref, config.Indexed) {
		return Place{Unsettled: []Unsettled{{Setting: "provider " + ref}}}
	}
	at, block := in.Provider(ref)
	switch {
	case block != nil:
		return r.providerBlock(at, block)
	case strings.Contains(ref, "."):
		return Place{Unsettled: []Unsettled{{Setting: "provider " + ref}}}
	}
	return Place{}
}

// blocks evaluates all provider blocks of AWS.
func (r *reader) blocks(in *eval.Instance) []Place {
	var all []Place
	for _, key := range sortedKeys(in.Config.Providers) {
		block := in.Config.Providers[key]
		if block.Name != defaultProvider {
			continue
		}
		instances, known := providerInstances(in, block)
		if !known {
			all = append(all, r.providerBlock(in, block))
		}
		for _, key := range sortedKeys(instances) {
			all = append(all, r.providerInstance(in, block, key, instances[key]))
		}
	}
	for _, child := range in.Calls(func(*config.Call, []string) {}) {
		all = append(all, r.blocks(child)...)
	}
	return all
}

func (r *reader) providerBlock(in *eval.Instance, block *config.Provider) Place {
	key := providerKey{in: in, block: block}
	if known, ok := r.providers[key]; ok {
		return known
	}
	s := &settings{in: in, place: &Place{Provider: in.Address(block.Key()), File: block.Range.Filename, Line: block.Range.Start.Line}}
	s.read(block)
	r.providers[key] = *s.place
	return *s.place
}

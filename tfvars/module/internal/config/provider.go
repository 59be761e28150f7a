package config

import (
	"maps"

	"github.com/hashicorp/hcl/v2"
	"hci/tfvars/module/internal/meter"
)

// DefaultTags is the name in Provider.Attrs of default_tags { tags = … }.
const DefaultTags = "default_tags.tags"

// Provider is one provider block.
type Provider struct {
	Name  string // "aws"
	Alias string
	Attrs map[string]hcl.Expression
	// Blocks holds the nested blocks of a provider, those of ProviderBlocks, in
	// the order in which they stand.
	Blocks map[string][]Nested
	// Dynamic lists the nested blocks that a dynamic block makes, and that are
	// not read.
	Dynamic map[string]bool
	// ForEach is OpenTofu's for_each of a provider; nil without.
	ForEach hcl.Expression
	Range   hcl.Range
}

// Nested is a block in a provider block.
type Nested struct {
	Attrs map[string]hcl.Expression
	// ForEach and Iterator are those of a dynamic block that makes it; nil and
	// "" for one that stands there itself.
	ForEach  hcl.Expression
	Iterator string
	Range    hcl.Range
}

// Key returns "aws" or "aws.alias".
func (p *Provider) Key() string {
	if p.Alias == "" {
		return p.Name
	}
	return p.Name + "." + p.Alias
}

// providerArguments are the arguments that are read of a provider "aws".
//
// https://registry.terraform.io/providers/hashicorp/aws/latest/docs#argument-reference
var providerArguments = []string{
	"alias", "for_each", "region", "profile", "allowed_account_ids", "forbidden_account_ids",
	"access_key", "secret_key", "token",
	"shared_config_files", "shared_credentials_files", "shared_credentials_file",
	"use_fips_endpoint", "use_dualstack_endpoint", "sts_region",
}

// The nested blocks that are read of a provider "aws".
const (
	AssumeRole  = "assume_role"
	WebIdentity = "assume_role_with_web_identity"
	Endpoints   = "endpoints"
)

func (d *decoder) provider(b *hcl.Block) hcl.Diagnostics {
	attrs, rest, diags := arguments(b.Body, providerArguments...)
	p := &Provider{
		Name: b.Labels[0], Attrs: attrs, ForEach: attrs["for_each"], Range: b.DefRange,
		Blocks: map[string][]Nested{}, Dynamic: map[string]bool{},
	}
	delete(attrs, "for_each")
	diags = append(diags, p.nested(rest)...)
	if p.Name != "aws" {
		diags = nil // another provider's blocks may look otherwise
	}
	if alias, ok := attrs["alias"]; ok {
		v, moreDiags := meter.Value(alias)
		diags = append(diags, moreDiags...)
		if p.Alias, ok = knownString(v); !ok {
			diags = append(diags, Problem("a provider's alias must be a string", alias.Range()))
		}
		delete(attrs, "alias")
	}
	return append(diags, put(d, d.module.Providers, p.Key(), p, "provider "+p.Key(), b.DefRange, func(old *Provider) {
		maps.Copy(old.Attrs, p.Attrs)
		maps.Copy(old.Blocks, p.Blocks)
		maps.Copy(old.Dynamic, p.Dynamic)
	})...)
}

// nested reads the blocks in a provider block.
func (p *Provider) nested(body hcl.Body) hcl.Diagnostics {
	content, _, diags := body.PartialContent(&hcl.BodySchema{Blocks: []hcl.BlockHeaderSchema{
		{Type: "default_tags"}, {Type: AssumeRole}, {Type: WebIdentity}, {Type: Endpoints},
		{Type: "dynamic", LabelNames: []string{"type"}},
	}})
	for _, b := range content.Blocks {
		if b.Type == "dynamic" {
			p.dynamic(b)
			continue
		}
		all, moreDiags := b.Body.JustAttributes()
		if moreDiags.HasErrors() {
			diags = append(diags, moreDiags...)
			continue
		}
		n := Nested{Attrs: make(map[string]hcl.Expression, len(all)), Range: b.DefRange}
		for name, a := range all {
			n.Attrs[name] = a.Expr
		}
		if b.Type == "default_tags" {
			if expr, ok := n.Attrs["tags"]; ok {
				p.Attrs[DefaultTags] = expr
			}
			continue
		}
		p.Blocks[b.Type] = append(p.Blocks[b.Type], n)
	}
	return diags
}

// dynamic reads a dynamic block whose content has arguments only.
func (p *Provider) dynamic(b *hcl.Block) {
	kind := b.Labels[0]
	attrs, rest, diags := arguments(b.Body, "for_each", "iterator")
	content, _, moreDiags := rest.PartialContent(&hcl.BodySchema{Blocks: []hcl.BlockHeaderSchema{{Type: "content"}}})
	if diags.HasErrors() || moreDiags.HasErrors() || attrs["for_each"] == nil || len(content.Blocks) != 1 {
		p.Dynamic[kind] = true
		return
	}
	all, diags := content.Blocks[0].Body.JustAttributes()
	n := Nested{Attrs: make(map[string]hcl.Expression, len(all)), ForEach: attrs["for_each"], Iterator: kind, Range: b.DefRange}
	if name, ok := attrs["iterator"]; ok {
		n.Iterator = hcl.ExprAsKeyword(name)
	}
	if diags.HasErrors() || n.Iterator == "" || kind != AssumeRole && kind != WebIdentity && kind != Endpoints {
		p.Dynamic[kind] = true
		return
	}
	for name, a := range all {
		n.Attrs[name] = a.Expr
	}
	p.Blocks[kind] = append(p.Blocks[kind], n)
}

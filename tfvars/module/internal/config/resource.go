package config

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"hci/tfvars/module/internal/meter"
)

// RuntimePlatform is the block of a task definition whose arguments stand in
// [Resource.Attrs] as "runtime_platform.cpu_architecture" and so on.
const RuntimePlatform = "runtime_platform"

// Replica is the block of a secret that names a region it is replicated to.
const Replica = "replica"

// ReplicaRegion is the name in [Resource.Attrs] of the region of the nth
// replica block, from 1.
func ReplicaRegion(n int) string { return fmt.Sprintf("%s.%d.region", Replica, n) }

// FunctionEnvironment is the name in [Resource.Attrs] of a Lambda function's
// environment { variables = … }.
const FunctionEnvironment = functionEnvironment + ".variables"

const functionEnvironment = "environment"

func (d *decoder) resource(b *hcl.Block, mode Mode) hcl.Diagnostics {
	r := &Resource{Mode: mode, Type: b.Labels[0], Name: b.Labels[1], Range: b.DefRange}
	content, _, diags := b.Body.PartialContent(resourceSchema(mode, r.Type))
	r.Attrs = make(map[string]hcl.Expression, len(content.Attributes))
	for name, a := range content.Attributes {
		switch name {
		case "count":
			r.Count = a.Expr
		case "for_each":
			r.ForEach = a.Expr
		case "provider":
			ref, moreDiags := providerRef(a.Expr)
			r.Provider, r.ProviderKey, diags = ref, providerKey(a.Expr), append(diags, moreDiags...)
		default:
			r.Attrs[name] = a.Expr
		}
	}
	if r.Count != nil && r.ForEach != nil {
		diags = append(diags, Problem(r.Key()+" has both count and for_each", b.DefRange))
	}
	for _, inner := range content.Blocks {
		diags = append(diags, r.block(inner)...)
	}
	return append(diags, put(d, d.module.Resources, r.Key(), r, r.Key(), b.DefRange, func(old *Resource) {
		if r.Count != nil || r.ForEach != nil {
			old.Count, old.ForEach = r.Count, r.ForEach
		}
		if r.Provider != "" {
			old.Provider = r.Provider
		}
		if r.IgnoreAll || r.IgnoreChanges != nil {
			old.IgnoreAll, old.IgnoreChanges, old.IgnorePaths = r.IgnoreAll, r.IgnoreChanges, r.IgnorePaths
		}
		old.Restored = old.Restored || r.Restored
		if r.Replicas > 0 || r.DynamicReplicas {
			old.Replicas, old.DynamicReplicas = r.Replicas, r.DynamicReplicas
		}
		maps.Copy(old.Attrs, r.Attrs)
	})...)
}

// resourceSchema lists what is read of a resource.
func resourceSchema(mode Mode, typ string) *hcl.BodySchema {
	schema := &hcl.BodySchema{Blocks: []hcl.BlockHeaderSchema{{Type: "lifecycle"}, {Type: RuntimePlatform}}}
	names := unique([]string{"count", "for_each", "provider"}, Arguments(mode, typ), writtenNames(mode, typ))
	if strings.HasPrefix(typ, "aws_") {
		names = unique(names, []string{"region"}) // of every resource, from the provider's version 6
	}
	for _, name := range names {
		schema.Attributes = append(schema.Attributes, hcl.AttributeSchema{Name: name})
	}
	if typ == "aws_secretsmanager_secret" && mode == Managed {
		schema.Blocks = append(schema.Blocks, hcl.BlockHeaderSchema{Type: Replica}, hcl.BlockHeaderSchema{Type: "dynamic", LabelNames: []string{"type"}})
	}
	if path := ScheduledTask(typ); path != nil {
		schema.Blocks = append(schema.Blocks, hcl.BlockHeaderSchema{Type: path[0]})
	}
	if typ == "aws_lambda_function" {
		schema.Blocks = append(schema.Blocks, hcl.BlockHeaderSchema{Type: functionEnvironment})
	}
	if Origins(typ) != nil {
		schema.Blocks = append(schema.Blocks, hcl.BlockHeaderSchema{Type: restoreBlock}, hcl.BlockHeaderSchema{Type: "dynamic", LabelNames: []string{"type"}})
	}
	return schema
}

// block reads a block inside of the resource's.
func (r *Resource) block(b *hcl.Block) hcl.Diagnostics {
	switch b.Type {
	case "lifecycle":
		return r.lifecycle(b.Body)
	case restoreBlock:
		r.Restored = true
	case Replica:
		r.Replicas++
		attrs, _, diags := arguments(b.Body, "region")
		if expr, ok := attrs["region"]; ok {
			r.Attrs[ReplicaRegion(r.Replicas)] = expr
		}
		return diags
	case "dynamic":
		r.DynamicReplicas = r.DynamicReplicas || b.Labels[0] == Replica
		r.Restored = r.Restored || b.Labels[0] == restoreBlock
	case RuntimePlatform:
		return r.inner(b, "cpu_architecture", "operating_system_family")
	case functionEnvironment:
		return r.inner(b, "variables")
	case eventTargetBlock, scheduleBlock:
		return r.scheduled(b)
	}
	return nil
}

// The blocks of schedules in which a task definition stands.
const (
	eventTargetBlock = "ecs_target"
	scheduleBlock    = "target"
	scheduleTask     = "ecs_parameters"
	taskArgument     = "task_definition_arn"
)

// ScheduledTask is where the task definition stands that a type of resource starts; nil
// if the type starts none. Joined with dots it is the name in [Resource.Attrs].
func ScheduledTask(typ string) []string {
	switch typ {
	case "aws_cloudwatch_event_target":
		return []string{eventTargetBlock, taskArgument}
	case "aws_scheduler_schedule":
		return []string{scheduleBlock, scheduleTask, taskArgument}
	}
	return nil
}

// scheduled reads the task definition in the blocks of a schedule.
func (r *Resource) scheduled(b *hcl.Block) hcl.Diagnostics {
	path := ScheduledTask(r.Type)
	if len(path) == 0 || b.Type != path[0] {
		return nil
	}
	body := b.Body
	if len(path) > 2 {
		content, _, diags := body.PartialContent(&hcl.BodySchema{Blocks: []hcl.BlockHeaderSchema{{Type: path[1]}}})
		if diags.HasErrors() || len(content.Blocks) == 0 {
			return diags
		}
		body = content.Blocks[0].Body
	}
	attrs, _, diags := arguments(body, taskArgument)
	if expr, ok := attrs[taskArgument]; ok {
		r.Attrs[strings.Join(path, ".")] = expr
	}
	return diags
}

// inner reads arguments of a block as "block.argument".
func (r *Resource) inner(b *hcl.Block, names ...string) hcl.Diagnostics {
	attrs, _, diags := arguments(b.Body, names...)
	for name, expr := range attrs {
		r.Attrs[b.Type+"."+name] = expr
	}
	return diags
}

// unique joins lists of names, each name once.
func unique(lists ...[]string) []string {
	all := slices.Concat(lists...)
	slices.Sort(all)
	return slices.Compact(all)
}

// lifecycle reads what a lifecycle block says about ignored changes.
func (r *Resource) lifecycle(body hcl.Body) hcl.Diagnostics {
	attrs, _, diags := arguments(body, "ignore_changes")
	expr, ok := attrs["ignore_changes"]
	if !ok {
		return diags
	}
	if hcl.ExprAsKeyword(expr) == "all" {
		r.IgnoreAll = true
		return diags
	}
	items, moreDiags := hcl.ExprList(expr)
	diags = append(diags, moreDiags...)
	r.IgnoreChanges = make([]string, 0, len(items))
	for _, item := range items {
		// Both tags and tags["a"] name the attribute by their first step.
		t, moreDiags := traversal(item)
		if moreDiags.HasErrors() && isAsterisk(item) { // an old way to say all
			r.IgnoreAll = true
			continue
		}
		if moreDiags.HasErrors() {
			diags = append(diags, moreDiags...)
			continue
		}
		r.IgnoreChanges = append(r.IgnoreChanges, t.RootName())
		r.IgnorePaths = append(r.IgnorePaths, pathOf(t))
	}
	return diags
}

// pathOf are the names in a traversal, with dots.
func pathOf(t hcl.Traversal) string {
	path := t.RootName()
	for _, step := range t[1:] {
		if attr, ok := step.(hcl.TraverseAttr); ok {
			path += "." + attr.Name
		}
	}
	return path
}

// IgnoresPath reports whether changes of what a path names are ignored, by itself or with
// more.
func (r *Resource) IgnoresPath(path string) bool {
	return r.IgnoreAll || slices.ContainsFunc(r.IgnorePaths, func(p string) bool { return path == p || strings.HasPrefix(path, p+".") })
}

func isAsterisk(expr hcl.Expression) bool {
	v, _ := meter.Value(expr)
	text, ok := knownString(v)
	return ok && text == "*"
}

// Ignores reports whether changes of any of these attributes are ignored.
func (r *Resource) Ignores(attrs ...string) bool {
	if r.IgnoreAll {
		return true
	}
	for _, ignored := range r.IgnoreChanges {
		for _, a := range attrs {
			if a == ignored {
				return true
			}
		}
	}
	return false
}

// providerRef reads a reference to a provider: aws or aws.alias. OpenTofu also
// knows aws.alias["key"], which is returned with [Indexed] at its end.
func providerRef(expr hcl.Expression) (string, hcl.Diagnostics) {
	if index, ok := expr.(*hclsyntax.IndexExpr); ok {
		ref, diags := providerRef(index.Collection)
		return ref + Indexed, diags
	}
	t, diags := traversal(expr)
	if diags.HasErrors() {
		return "", diags
	}
	ref := []string{t.RootName()}
	for _, step := range t[1:] {
		attr, ok := step.(hcl.TraverseAttr)
		if _, indexed := step.(hcl.TraverseIndex); indexed && len(ref) == 2 {
			return strings.Join(ref, ".") + Indexed, nil
		}
		if !ok || len(ref) == 2 {
			return "", hcl.Diagnostics{Problem("invalid provider reference", expr.Range())}
		}
		ref = append(ref, attr.Name)
	}
	return strings.Join(ref, "."), nil
}

// providerKey is the key in a reference to one instance of a provider; nil if
// there is none.
func providerKey(expr hcl.Expression) hcl.Expression {
	if index, ok := expr.(*hclsyntax.IndexExpr); ok {
		return index.Key
	}
	t, diags := hcl.AbsTraversalForExpr(expr)
	if diags.HasErrors() || len(t) == 0 {
		return nil
	}
	if step, ok := t[len(t)-1].(hcl.TraverseIndex); ok {
		return hcl.StaticExpr(step.Key, step.SrcRange)
	}
	return nil
}

// Indexed ends a reference to one instance of a provider with for_each.
const Indexed = "[…]"

// traversal reads a reference, also one in quotes, as old configurations have it.
func traversal(expr hcl.Expression) (hcl.Traversal, hcl.Diagnostics) {
	t, diags := hcl.AbsTraversalForExpr(expr)
	if !diags.HasErrors() {
		return t, nil
	}
	v, moreDiags := meter.Value(expr)
	text, ok := knownString(v)
	if moreDiags.HasErrors() || !ok {
		return nil, diags
	}
	t, moreDiags = hclsyntax.ParseTraversalAbs([]byte(text), expr.Range().Filename, expr.Range().Start)
	if moreDiags.HasErrors() {
		return nil, hcl.Diagnostics{Problem("invalid reference in quotes", expr.Range())}
	}
	return t, nil
}

// meta holds the arguments of a module block that are not the module's inputs.
var meta = []string{"source", "version", "count", "for_each", "providers", "depends_on"}

func (d *decoder) call(b *hcl.Block) hcl.Diagnostics {
	attrs, rest, diags := arguments(b.Body, meta...)
	c := &Call{Name: b.Labels[0], Range: b.DefRange, Count: attrs["count"], ForEach: attrs["for_each"]}
	if src, ok := attrs["source"]; ok {
		v, moreDiags := meter.Value(src)
		diags = append(diags, moreDiags...)
		if s, ok := knownString(v); ok {
			c.Source = s
		}
	}
	if c.Source == "" && !d.override {
		return append(diags, Problem(fmt.Sprintf("module %q has no source", c.Name), b.DefRange))
	}
	if c.Count != nil && c.ForEach != nil {
		diags = append(diags, Problem(fmt.Sprintf("module %q has both count and for_each", c.Name), b.DefRange))
	}
	if expr, ok := attrs["providers"]; ok {
		moreDiags := c.providers(expr)
		diags = append(diags, moreDiags...)
	}
	inputs, moreDiags := rest.JustAttributes()
	diags = append(diags, moreDiags...)
	c.Inputs = make(map[string]hcl.Expression, len(inputs))
	for name, a := range inputs {
		c.Inputs[name] = a.Expr
	}
	return append(diags, put(d, d.module.Calls, c.Name, c, "module "+c.Name, b.DefRange, func(old *Call) {
		if c.Source != "" {
			old.Source = c.Source
		}
		if c.Count != nil || c.ForEach != nil {
			old.Count, old.ForEach = c.Count, c.ForEach
		}
		if c.Providers != nil {
			old.Providers = c.Providers
		}
		maps.Copy(old.Inputs, c.Inputs)
	})...)
}

func (c *Call) providers(expr hcl.Expression) hcl.Diagnostics {
	pairs, diags := hcl.ExprMap(expr)
	c.Providers = make(map[string]string, len(pairs))
	for _, pair := range pairs {
		child, moreDiags := providerRef(pair.Key)
		diags = append(diags, moreDiags...)
		parent, moreDiags := providerRef(pair.Value)
		diags = append(diags, moreDiags...)
		c.Providers[child] = parent
	}
	return diags
}

package module

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
	ctyconvert "github.com/zclconf/go-cty/cty/convert"

	"hci/tfvars/module/internal/config"
	"hci/tfvars/module/internal/eval"
	"hci/tfvars/module/internal/mark"
)

const (
	secretType  = "aws_secretsmanager_secret"
	versionType = "aws_secretsmanager_secret_version"

	rotationType = "aws_secretsmanager_secret_rotation"
	policyType   = "aws_secretsmanager_secret_policy"
)

// reader collects the secrets of a module tree.
type reader struct {
	graph     *eval.Graph
	shapes    bool // every value's shape is wanted
	found     []*found
	byAddress map[string]*found // secrets and data sources
	byName    map[string][]*found
	pending   []block           // versions
	plain     map[string]*found // parameters that hold no secret, by address
	notSeen   []Unseen
	mentions  []Mention
	attached  []block // rotations and policies
	providers map[providerKey]Place

	tasks         []block // task definitions
	services      []Service
	serviceBlocks []block           // of services, in the same order
	clusters      map[string]string // names, by address
	repositories  []Repository
	functions     []Function
	schedules     []Schedule
}

// block is one instance of a resource.
type block struct {
	in  *eval.Instance
	res *config.Resource
	rep eval.Repetition
}

func (b block) address() string { return b.in.Address(b.res.Key() + b.rep.Suffix()) }

// found is a secret, and the versions that write it.
type found struct {
	Secret
	at       hcl.Range
	external bool // a data source
	writers  []block
	written  bool // there are writers
}

// module collects what one module instance and those below it declare.
func (r *reader) module(in *eval.Instance) {
	in.Validate()
	r.notRead(in)
	for _, key := range sortedKeys(in.Config.Resources) {
		res := in.Config.Resources[key]
		kind := kindOf(res)
		if kind == "" {
			continue
		}
		e := in.Instances(res)
		if e.Items == nil {
			r.unexpanded(in, res, e.Awaits)
			continue
		}
		for _, rep := range e.Items {
			b := block{in, res, rep}
			switch kind {
			case rotationType, policyType:
				r.attached = append(r.attached, b)
			case parameterType:
				r.parameter(b)
			case versionType:
				r.pending = append(r.pending, b)
			case serviceType:
				r.service(b)
			case clusterType:
				r.cluster(b)
			case repositoryType:
				r.repository(b)
			case functionType:
				r.function(b)
			case eventTargetType, scheduleType:
				r.schedule(b)
			case taskType:
				r.tasks = append(r.tasks, b)
			default:
				r.add(r.declared(b))
			}
		}
	}
	calls := in.Calls(func(c *config.Call, awaits []string) {
		r.unseen(in.Address("module."+c.Name), instancesUnknown(awaits), c.Range)
		r.graph.Warn(fmt.Sprintf("the instances of %s are not known yet: they wait for %s",
			in.Address("module."+c.Name), strings.Join(awaits, ", ")), c.Range)
	})
	for _, child := range calls {
		r.module(child)
	}
}

func (r *reader) add(f *found) {
	r.found = append(r.found, f)
	r.byAddress[f.Address] = f
}

// unexpanded notes a block whose instances can't be told.
func (r *reader) unexpanded(in *eval.Instance, res *config.Resource, awaits []string) {
	address := in.Address(res.Key())
	if res.Type == versionType {
		r.graph.Warn(fmt.Sprintf("the instances of %s are not known yet: they wait for %s", address, strings.Join(awaits, ", ")), res.Range)
		return
	}
	if res.Type != secretType && !mayHoldSecret(res) {
		return
	}
	if res.Mode == config.Data {
		r.foreign(address, instancesUnknown(awaits), res.Range)
		return
	}
	r.unseen(address, instancesUnknown(awaits), res.Range)
	var parameter *Parameter
	if res.Type == parameterType {
		parameter = &Parameter{}
	}
	r.add(&found{at: res.Range, Secret: Secret{
		Parameter: parameter,
		Place:     r.provider(in, cmp.Or(res.Provider, defaultProvider)),
		Address:   address + "[*]", Label: res.Name, NameUnknown: awaits,
		Status: Unknown, Unknown: awaits, RecoveryWindowDays: defaultWindow,
		File: res.Range.Filename, Line: res.Range.Start.Line,
	}})
}

const defaultWindow = 30

// declared evaluates the block of a secret, or of a data source that names one.
func (r *reader) declared(b block) *found {
	f := &found{at: b.res.Range, external: b.res.Mode == config.Data}
	f.Secret = Secret{
		Address: b.address(), Label: b.res.Name, RecoveryWindowDays: defaultWindow,
		File: b.res.Range.Filename, Line: b.res.Range.Start.Line,
	}
	f.Place = r.place(b)
	r.name(f, b)
	f.Description, _ = r.known(b, "description")
	r.settings(f, b)
	if f.KMSKeyID, _ = r.known(b, "kms_key_id"); f.KMSKeyID == "" {
		if v, ok := r.argument(b, "kms_key_id"); ok {
			f.KMSAwaits = mark.Awaited(v)
		}
	}
	if v, ok := r.argument(b, "recovery_window_in_days"); ok && v.IsKnown() {
		v, _ = v.Unmark()
		if n, err := ctyconvert.Convert(v, cty.Number); err == nil && !n.IsNull() {
			days, _ := n.AsBigFloat().Int64()
			f.RecoveryWindowDays = int(days)
			f.ForceDelete = days == 0
		}
	}
	f.Tags, f.TagsUnknown = r.tags(b, f.Place)
	return f
}

// name fills in what is known of the secret's name.
func (r *reader) name(f *found, b block) {
	if text, ok := r.known(b, "arn"); ok && f.external {
		if arn, ok := parseARN(text); ok {
			f.Name, f.NameKnown, f.Place = arn.name, true, f.Place.at(arn)
		}
		return
	}
	if r.applied(f, b) {
		return
	}
	if v, ok := r.argument(b, "name"); ok {
		if text, ok := r.text(v, b.res.Attrs["name"].Range(), "name"); ok && text.IsKnown() {
			f.Name, f.NameKnown = text.AsString(), true
		} else {
			f.NameUnknown, f.NamePrefix = mark.Awaited(v), prefix(v)
			f.NameShape = b.in.ArgumentShape(b.res, b.rep, "name")
		}
		return
	}
	if f.external {
		return
	}
	// The provider makes the name up: https://github.com/hashicorp/terraform-provider-aws, internal/create.
	f.NamePrefix = "terraform-"
	if v, ok := r.argument(b, "name_prefix"); ok {
		f.NamePrefix = ""
		if v, ok := r.text(v, b.res.Attrs["name_prefix"].Range(), "name_prefix"); ok && v.IsKnown() {
			f.NamePrefix = v.AsString()
		}
	}
}

// applied takes the name from the state if the code doesn't tell it.
func (r *reader) applied(f *found, b block) bool {
	if v, ok := r.argument(b, "name"); ok {
		if v, _ := v.Unmark(); v.IsKnown() {
			return false
		}
	}
	v, ok := b.in.Applied(b.res, b.rep, "name")
	if !ok || v.IsNull() || v.Type() != cty.String {
		return false
	}
	f.Name, f.NameKnown = v.AsString(), true
	return true
}

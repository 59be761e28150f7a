package module

import (
	"slices"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"hci/tfvars/module/internal/config"
	"hci/tfvars/module/internal/mark"
	"hci/tfvars/module/shape"
)

const parameterType = "aws_ssm_parameter"

// SecureString is the type of a parameter whose value AWS encrypts.
const SecureString = "SecureString"

// Parameter is what a parameter of Systems Manager's Parameter Store is declared
// to be besides what it has in common with a secret. What is not given, or not
// known, is empty.
//
// https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/ssm_parameter
type Parameter struct {
	Type           string // SecureString, String, StringList
	Tier           string // Standard, Advanced, Intelligent-Tiering
	DataType       string
	AllowedPattern string
}

// parameterValues are the arguments that give a parameter its value.
var parameterValues = []string{"value", "value_wo", "insecure_value"}

// mayHoldSecret reports whether a block of parameters can declare a secret: its
// type is SecureString, or is not told by a literal.
func mayHoldSecret(res *config.Resource) bool {
	if res.Type != parameterType {
		return false
	}
	expr, ok := res.Attrs["type"]
	if !ok {
		return false
	}
	v, diags := expr.Value(nil)
	return diags.HasErrors() || v.Type() != cty.String || !v.IsKnown() || v.IsNull() || v.AsString() == SecureString
}

// parameter reads a parameter. One that is not encrypted is a secret only if its
// value comes from something sensitive; the others are kept for the containers
// that read them.
func (r *reader) parameter(b block) {
	f := r.declared(b)
	typ, known := r.known(b, "type")
	f.Parameter = &Parameter{Type: typ}
	f.Parameter.Tier, _ = r.known(b, "tier")
	f.Parameter.DataType, _ = r.known(b, "data_type")
	f.Parameter.AllowedPattern, _ = r.known(b, "allowed_pattern")
	f.KMSKeyID, f.KMSAwaits, f.Policy = "", nil, ""
	if f.KMSKeyID, _ = r.known(b, "key_id"); f.KMSKeyID == "" {
		if v, ok := r.argument(b, "key_id"); ok {
			f.KMSAwaits = mark.Awaited(v)
		}
	}
	for _, name := range []string{"key_id", "tier", "type"} {
		if v, ok := r.argument(b, name); b.res.Ignores(name) || ok && !settled(v) {
			f.Unsettled = append(f.Unsettled, name)
		}
	}
	sensitive := r.parameterValue(f, b)
	if known && typ != SecureString && !sensitive {
		r.plain[f.Address] = f
		return
	}
	r.add(f)
}

// parameterValue fills in a parameter's value, and reports whether it is
// sensitive.
func (r *reader) parameterValue(f *found, b block) (sensitive bool) {
	for _, name := range parameterValues {
		v, ok := r.argument(b, name)
		if !ok {
			continue
		}
		r.value(f, b, name, v)
		if r.shapes || f.Status == Unknown {
			f.Shape = r.shape(f, b, name)
		}
		if b.res.Ignores(name) {
			f.Status = Ignored
		}
		_, sensitive = mark.Of(v)[mark.Sensitive{}]
		return sensitive
	}
	return false
}

// resolveParameter finds the parameter that an attribute of a resource in a
// valueFrom is of; ok is false if it is of none.
func (r *reader) resolveParameter(ref *SecretRef, address, attribute, suffix string) (ok bool) {
	f := r.byAddress[address]
	if f == nil || f.Parameter == nil {
		f = r.plain[address]
	}
	if f == nil || f.Parameter == nil || attribute != "arn" && attribute != "id" && attribute != "name" {
		return false
	}
	ref.suffix(strings.TrimPrefix(suffix, ":"))
	r.refersTo(ref, f)
	return true
}

// refersTo fills in the parameter that a valueFrom means.
func (r *reader) refersTo(ref *SecretRef, f *found) {
	ref.Parameter, ref.SecretName, ref.Problem = true, f.Name, ""
	if r.plain[f.Address] == f {
		if f.Status == Known {
			ref.Plain = &f.Value
		} else {
			ref.Problem = "the value of " + f.Address + " is not known"
		}
		return
	}
	ref.Secret = f.Address
}

// parameterARN is what precedes a parameter's name in its ARN.
const parameterARN = ":parameter/"

// resolveEnd resolves an ARN whose beginning is not known, but whose end names a
// parameter.
func (r *reader) resolveEnd(ref *SecretRef, parts []shape.Shape) bool {
	end := ""
	for _, part := range slices.Backward(parts) {
		text, ok := shape.Text(part)
		if !ok {
			break
		}
		end = text + end
	}
	_, name, ok := strings.Cut(end, parameterARN)
	return ok && r.parameterNamed(ref, arn{name: name})
}

// resolveParameterText resolves the name or the ARN of a parameter.
func (r *reader) resolveParameterText(ref *SecretRef, text string) {
	at := arn{name: text}
	if fields := strings.SplitN(text, ":", arnFields-1); len(fields) == arnFields-1 && fields[0] == "arn" {
		at = arn{partition: fields[1], region: fields[3], account: fields[4], name: strings.TrimPrefix(fields[5], "parameter/")}
	}
	ref.Parameter, ref.SecretName = true, at.name
	if !r.parameterNamed(ref, at) {
		ref.Problem = "its parameter is declared elsewhere"
	}
}

// parameterNamed finds a declared parameter by its name, of which an ARN doesn't
// tell whether it begins with a slash. A name that several have, in other places,
// tells nothing.
func (r *reader) parameterNamed(ref *SecretRef, at arn) bool {
	var all []*found
	match := func(f *found) {
		if f.Parameter != nil && f.NameKnown && f.Place.mayBe(at) && strings.TrimPrefix(f.Name, "/") == strings.TrimPrefix(at.name, "/") {
			all = append(all, f)
		}
	}
	for _, f := range r.found {
		match(f)
	}
	for _, address := range sortedKeys(r.plain) {
		match(r.plain[address])
	}
	if len(all) != 1 {
		return false
	}
	r.refersTo(ref, all[0])
	return true
}

package module

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"hci/tfvars/module/internal/config"
	"hci/tfvars/module/internal/eval"
	"hci/tfvars/module/internal/mark"
	"hci/tfvars/module/shape"
)

// Unseen is something in the code that could declare secrets and of which it
// is not known whether it does, or which ones.
type Unseen struct {
	Address string
	Why     string // a clause: "was not read: it comes from elsewhere"
	// Foreign tells that it matters only to what nothing declares: it hides no
	// secret that is declared here.
	Foreign bool
	File    string
	Line    int
}

func (u Unseen) String() string { return u.Address + " " + u.Why }

// Mention is a secret that the code names without declaring it: by a data
// source, a rotation, a policy, or in the provider "awscc".
type Mention struct {
	Address   string
	Name      string // if NameKnown
	NameKnown bool
	// NameShape tells what is known of a name that is not known throughout; it
	// may be an ARN's. It is nil where nothing is known.
	NameShape shape.Shape
}

// mentioners are the blocks that name secrets of others, and by which argument.
var mentioners = map[string]string{
	"data.aws_secretsmanager_secret_version":      "secret_id",
	"ephemeral.aws_secretsmanager_secret_version": "secret_id",
	"aws_secretsmanager_secret_rotation":          "secret_id",
	"aws_secretsmanager_secret_policy":            "secret_arn",
	"awscc_secretsmanager_secret":                 "name",
}

// makers are resources that can make secrets of which the code doesn't tell.
var makers = []string{
	"aws_cloudformation_stack", "aws_cloudformation_stack_set", "awscc_cloudformation_stack", "awscc_cloudformation_stack_set",
	"aws_serverlessapplicationrepository_cloudformation_stack",
}

// unseen notes something that was not seen.
func (r *reader) unseen(address, why string, at hcl.Range) {
	r.notSeen = append(r.notSeen, Unseen{Address: address, Why: why, File: at.Filename, Line: at.Start.Line})
}

func (r *reader) foreign(address, why string, at hcl.Range) {
	r.unseen(address, why, at)
	r.notSeen[len(r.notSeen)-1].Foreign = true
}

// notRead notes what of a module instance was not read, or can't be told.
func (r *reader) notRead(in *eval.Instance) {
	for _, name := range sortedKeys(in.Config.Calls) {
		if c := in.Config.Calls[name]; c.Module == nil {
			r.unseen(in.Address("module."+name), "was not read: "+c.Unread, c.Range)
		}
	}
	for _, f := range in.Config.Forgotten {
		if f.Type == "module" || strings.Contains(f.Type, "secretsmanager_secret") {
			r.foreign(in.Address("removed"), "keeps a "+f.Type+" whose name the code doesn't tell any more", f.Range)
		}
	}
	for _, key := range sortedKeys(in.Config.Resources) {
		res := in.Config.Resources[key]
		if res.Mode == config.Managed && slices.Contains(makers, res.Type) {
			r.foreign(in.Address(key), "can make secrets, by a template that is not read", res.Range)
		}
		if argument, ok := mentioners[res.Mode.Prefix()+res.Type]; ok {
			r.mentioned(in, res, argument)
		}
	}
}

// mentioned notes the secrets that a block names.
func (r *reader) mentioned(in *eval.Instance, res *config.Resource, argument string) {
	e := in.Instances(res)
	if e.Items == nil {
		r.foreign(in.Address(res.Key()), instancesUnknown(e.Awaits), res.Range)
		return
	}
	for _, rep := range e.Items {
		b := block{in, res, rep}
		if v, ok := r.argument(b, argument); ok {
			if !r.refersToOwn(mark.Awaited(v)) {
				r.mentions = append(r.mentions, r.named(b, argument))
			}
		}
	}
}

// named is a mention by a block's argument.
func (r *reader) named(b block, argument string) Mention {
	m := Mention{Address: b.address()}
	if text, ok := r.known(b, argument); ok {
		m.Name, m.NameKnown = text, true
		if a, ok := parseARN(text); ok {
			m.Name = a.name
		}
		return m
	}
	m.NameShape = b.in.ArgumentShape(b.res, b.rep, argument)
	return m
}

// refersToOwn reports whether what an unknown name waits for is the id or the
// ARN of a secret that is declared.
func (r *reader) refersToOwn(awaits []string) bool {
	for _, address := range awaits {
		of, attribute := split(address)
		if attribute != "id" && attribute != "arn" || !strings.Contains(of, secretType+".") {
			return false
		}
	}
	return len(awaits) > 0
}

func instancesUnknown(awaits []string) string {
	if len(awaits) == 0 {
		return "has instances that are not known"
	}
	if slices.ContainsFunc(awaits, func(a string) bool { return !Later(a) }) {
		return "has instances that are not known; " + Waits(awaits)
	}
	return fmt.Sprintf("has instances that are known after apply: %s", strings.Join(awaits, ", "))
}

// externals are the data sources of secrets that nothing in the code writes to.
func (r *reader) externals() []Mention {
	var all []Mention
	for _, f := range r.found {
		if f.external && len(f.writers) == 0 {
			all = append(all, Mention{Address: f.Address, Name: f.Name, NameKnown: f.NameKnown, NameShape: f.NameShape})
		}
	}
	return append(all, r.mentions...)
}

// Text is a text in the code: its known pieces, between which something is not
// known. One that is known throughout has one piece.
type Text []string

// Texts calls visit with all texts that stand in the code, with what is known
// by now put in: those of arguments of whatever block, in the modules too. Names
// of secrets that are declared here, and are thus told by Secrets, are among
// them. The code is evaluated anew for that: what is computed of it takes more memory
// than all that is told of it.
func (ev *Evaluated) Texts(visit func(Text)) {
	ev.again().Root.Texts(func(pieces []string) { visit(pieces) })
}

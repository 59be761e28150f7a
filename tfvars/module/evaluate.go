package module

import (
	"fmt"
	"slices"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"hci/sync/secret"
	"hci/tfvars"
	"hci/tfvars/module/internal/eval"
	"hci/tfvars/module/shape"
)

// Inputs is what a directory is evaluated for.
type Inputs struct {
	// Workspace is the value of terraform.workspace; unknown if empty.
	Workspace string
	// Values are the variables' values, merged from all sources in
	// Terraform's order of precedence. They are converted to the declared types.
	Values map[string]cty.Value
	// State stands in for what only an apply can tell; see [ParseState].
	State State
	// Blind takes no variable's value for known, given or not: what is then
	// known holds whatever the variables are.
	Blind bool
	// Shapes asks for the shape of every value, not only of those that are
	// unknown in part.
	Shapes bool
	// Steps bounds the evaluation: how many parts of expressions it computes
	// before it is given up. Ten million if 0.
	Steps int64
}

// Evaluated is what a directory says for its inputs.
type Evaluated struct {
	Secrets  []Secret // sorted by address
	Services []Service
	Tasks    []Task // task definitions
	// Repositories are those of Amazon ECR.
	Repositories []Repository
	Functions    []Function // of AWS Lambda
	Schedules    []Schedule // of one-off tasks
	// Provider is what the default provider "aws" of the root module says, and
	// Providers what each provider block "aws" does, by address.
	Provider  Place
	Providers []Place
	Variables map[string]cty.Value
	// Missing names the variables without a value; they are unknown.
	// Undeclared names the values that no variable takes. Both are sorted.
	Missing, Undeclared []string
	// Warnings tell what could not be taken into account, such as modules
	// that were not read.
	Warnings []tfvars.Problem
	// Unseen is what could declare secrets and was not seen, so that Secrets
	// may lack some. Mentions are those that the code names only.
	Unseen   []Unseen
	Mentions []Mention

	again func() *eval.Graph // the code, with nothing computed yet
}

// ValueStatus tells what is known of a secret's value.
type ValueStatus int

// The statuses.
const (
	// NoValue: Terraform creates the secret and gives it no value.
	NoValue ValueStatus = iota
	// Known: Value is what Terraform writes.
	Known
	// Unknown: the value is not known, or not throughout.
	Unknown
	// Ignored: lifecycle ignore_changes covers the value. Terraform writes it
	// when the secret is created and leaves it alone afterwards.
	Ignored
)

// String returns the status as a word or two.
func (s ValueStatus) String() string {
	switch s {
	case NoValue:
		return "no value"
	case Known:
		return "known"
	case Unknown:
		return "unknown"
	case Ignored:
		return "ignored"
	default:
		return fmt.Sprintf("ValueStatus(%d)", int(s))
	}
}

// Secret is one secret in Secrets Manager that the directory declares or
// writes a value to, or a parameter of Systems Manager that it declares.
type Secret struct {
	// Address is that of the aws_secretsmanager_secret, of the
	// aws_ssm_parameter or, for a secret that
	// is declared elsewhere, of the data source or version that names it. A
	// block whose instances are unknown has one Secret, its address ending
	// in [*].
	Address string
	// Label is the name in the block's header.
	Label string

	// Name is the name in AWS, if NameKnown. Otherwise NamePrefix is what it
	// begins with, as far as that is known, and NameUnknown the addresses it
	// waits for: none for a name that the provider makes up from NamePrefix.
	Name        string
	NameKnown   bool
	NamePrefix  string
	NameUnknown []string
	// NameShape tells what is known of a name that is not known throughout;
	// nil for one that the provider makes up.
	NameShape shape.Shape

	Status ValueStatus
	// Value is the value if the status is Known, or if it is Ignored and
	// Unknown is empty. Binary tells that it is that of secret_binary
	// or secret_binary_wo, decoded.
	Value  secret.Value
	Binary bool
	// Unknown lists the addresses that the value waits for.
	Unknown []string
	// Shape tells how the value is put together, where that was asked for or
	// something of it is unknown; else nil. Of bytes it is told where it was
	// asked for, and is the shape of their base64 if Encoded.
	Shape   shape.Shape
	Encoded bool
	// Variables lists the root variables that flow into the value.
	Variables []string
	// Version is the address of the aws_secretsmanager_secret_version that
	// sets the value; "" if there is none.
	Version string

	Description string
	KMSKeyID    string            // "" if none is given, or if it is not known
	KMSAwaits   []string          // the addresses that the key waits for
	Tags        map[string]string // as far as they are known
	TagsUnknown bool              // some are not
	// Replicas are the regions of its replica blocks, sorted.
	Replicas []string
	// Policy is the JSON of its resource policy, of its own argument or of an
	// aws_secretsmanager_secret_policy; "" if none is declared.
	Policy string
	// Rotation is the address of the aws_secretsmanager_secret_rotation that
	// has AWS change the value; "" if there is none.
	Rotation string
	// Unsettled names the arguments among description, kms_key_id, tags,
	// replica and policy whose value is not known, or whose changes the code
	// ignores: they say nothing about what AWS should have.
	Unsettled []string
	// RecoveryWindowDays is how long a deletion waits; ForceDelete is
	// recovery_window_in_days = 0.
	RecoveryWindowDays int
	ForceDelete        bool

	// Parameter is what is declared of a parameter of Systems Manager besides;
	// nil for a secret of Secrets Manager.
	Parameter *Parameter

	// Place is where Terraform keeps the secret.
	Place Place

	File string // where the block stands
	Line int
}

// Managed reports whether the directory declares the secret itself, not only a
// value of it.
func (s Secret) Managed() bool {
	return s.Address != s.Version && !strings.Contains(s.Address, "data."+secretType)
}

// Evaluate computes what the directory says. Its errors are [tfvars.Problems]:
// everything that stood in the way, and every validation that failed.
func (m *Module) Evaluate(in Inputs) (*Evaluated, error) {
	ev := &Evaluated{Variables: make(map[string]cty.Value, len(m.root.Variables))}
	for _, name := range sortedKeys(in.Values) {
		if _, ok := m.root.Variables[name]; !ok {
			ev.Undeclared = append(ev.Undeclared, name)
		}
	}
	if in.Blind {
		in.Values = m.unknownValues()
	}
	ev.again = func() *eval.Graph {
		g := eval.New(m.fsys, m.root, in.Workspace, in.Values, in.Steps)
		g.State = in.State
		return g
	}
	g := ev.again()
	for _, name := range sortedKeys(m.root.Variables) {
		ev.Variables[name], _ = g.Root.Variable(name).UnmarkDeep()
		if _, given := in.Values[name]; !given && m.root.Variables[name].Default == cty.NilVal {
			ev.Missing = append(ev.Missing, name)
		}
	}

	r := &reader{graph: g, shapes: in.Shapes, byAddress: map[string]*found{}, plain: map[string]*found{}, providers: map[providerKey]Place{}, clusters: map[string]string{}}
	r.module(g.Root)
	r.versions()
	r.attachments()
	r.resolveClusters()
	ev.Functions, ev.Schedules = r.functions, r.schedules
	ev.Services, ev.Tasks, ev.Repositories = r.services, r.taskDefinitions(), r.repositories
	ev.Provider, ev.Providers = r.provider(g.Root, defaultProvider), r.blocks(g.Root)

	ev.Unseen, ev.Mentions = r.notSeen, r.externals()

	diags := g.Problems()
	if diags.HasErrors() {
		return nil, problems(diags)
	}
	ev.Warnings = slices.Concat(m.warnings, warnings(diags))
	r.release()
	ev.Secrets = r.secrets()
	return ev, nil
}

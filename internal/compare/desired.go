package compare

import (
	"io"
	"slices"

	"hci/internal/project"
	"hci/internal/sealed"
	"hci/internal/terraform"
	"hci/sync"
	"hci/sync/awssm"
	"hci/tfvars/module"
)

// Session is what the comparisons of one run share.
type Session struct {
	Project *project.Project
	Environ []string
	Note    func(text string) // takes a line of talk
	Err     io.Writer         // takes what terraform itself says of a failure
}

// Desired is what an environment's secrets should be.
type Desired struct {
	Env       project.Environment
	Content   *sealed.Content
	Module    *module.Module
	Evaluated *module.Evaluated
	Wants     []sync.Want
	Unnamed   []Unnamed
	Nameless  []string // addresses of secrets whose name could not be found
	State     bool     // terraform's state was asked

	declared map[string]bool
}

// Options say how the Terraform code is evaluated.
type Options struct {
	State  bool // ask terraform for the workspace's state
	Shapes bool // of every value
}

// Desired evaluates the Terraform directory with an environment's secrets.
func (s Session) Desired(env project.Environment, content *sealed.Content, o Options) (*Desired, error) {
	d := &Desired{Env: env, Content: content, State: o.State}
	opts := terraform.Options{Shapes: o.Shapes}
	var err error
	if o.State {
		if opts.State, err = terraform.ReadState(s.Project, env, s.Environ, s.Err); err != nil {
			return nil, err
		}
	}
	if d.Module, d.Evaluated, err = terraform.Evaluate(s.Project, env, content.File, s.Environ, opts); err != nil {
		return nil, err
	}
	for _, w := range d.Evaluated.Warnings {
		s.Note(w.Error())
	}
	return d, d.Want()
}

// Want fills in which secrets are wanted by what was evaluated.
func (d *Desired) Want() error {
	var err error
	d.Wants, d.Unnamed, err = Wants(d.Evaluated)
	d.declared = make(map[string]bool, len(d.Wants))
	for _, w := range d.Wants {
		d.declared[w.Name] = true
	}
	return err
}

// Names lists the names of the secrets that are declared.
func (d *Desired) Names() []string {
	names := make([]string, len(d.Wants))
	for i, w := range d.Wants {
		names[i] = w.Name
	}
	return names
}

// Declares reports whether a name is declared.
func (d *Desired) Declares(name string) bool { return d.declared[name] }

// MayDeclare reports whether a name is declared, or can be one of those that
// were not found.
func (d *Desired) MayDeclare(name string) bool {
	return d.declared[name] || slices.ContainsFunc(d.Unnamed, func(u Unnamed) bool { return u.Takes(name) })
}

// AWS says where Secrets Manager is opened: in the region and with the profile
// that hci.hcl or, without it, the Terraform code names.
func (s Session) AWS(d *Desired) awssm.Options {
	o := awssm.Options{Region: d.Env.Region, Profile: d.Env.Profile, Note: s.Note}
	if o.Region == "" {
		o.Region = d.Evaluated.Provider.Region
	}
	if o.Profile == "" {
		o.Profile = d.Evaluated.Provider.Profile
	}
	return o
}

// Region is where the secrets lie.
func (d *Desired) Region() string {
	switch {
	case d.Env.Region != "":
		return d.Env.Region
	case d.Evaluated.Provider.Region != "":
		return d.Evaluated.Provider.Region
	default:
		return "us-east-1"
	}
}

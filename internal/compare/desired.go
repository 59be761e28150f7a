package compare

import (
	"context"
	"io"
	"maps"
	"slices"

	"hci/internal/aws/client"
	"hci/internal/project"
	"hci/internal/sealed"
	"hci/internal/terraform"
	"hci/sync"
	"hci/sync/awssm"
	"hci/tfvars"
	"hci/tfvars/module"
)

// Session is what the comparisons of one run share.
type Session struct {
	Project *project.Project
	Environ []string
	Note    func(text string) // takes a line of talk
	Err     io.Writer         // takes what terraform itself says of a failure

	// Quiet opens another environment's secrets if that needs nobody to be asked;
	// it may be nil.
	Quiet func(ctx context.Context, env project.Environment) (*tfvars.File, error)

	Memory *Memory // what a run remembers
	// Config leads elsewhere than to AWS, as a rehearsal does; nil for AWS itself.
	Config func(o awssm.Options) (client.Config, error)
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

	// OrphansUnknown says why it can't be told which secrets are declared
	// nowhere; "" if it can, or was not asked.
	OrphansUnknown string

	declared map[string]bool    // by name, in whatever place
	places   map[string]located // by key, those that secrets are in
	targets  map[string]*Target // those that were opened
	refused  map[string]error   // why others were not
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
	s.noteUnseen(d)
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
	d.places = map[string]located{}
	keys := placeKeys{of: d.Evaluated.Provider}
	for _, s := range d.Evaluated.Secrets {
		d.places[keys.keyOf(s)] = located{s.Place, s.Parameter != nil}
	}
	return err
}

// Declares reports whether a name is declared, in whatever place.
func (d *Desired) Declares(name string) bool { return d.declared[name] }

// MayDeclare reports whether a name is declared, or can be one of those that
// were not found.
func (d *Desired) MayDeclare(name string) bool {
	return d.declared[name] || slices.ContainsFunc(d.Unnamed, func(u Unnamed) bool { return u.Takes(name) })
}

// Names lists the names of the secrets that are declared, sorted, each once.
func (d *Desired) Names() []string {
	return slices.Sorted(maps.Keys(d.declared))
}

// OneRegion reports whether all secrets are known to be in one region.
func (d *Desired) OneRegion() bool {
	regions := map[string]bool{}
	for _, p := range d.places {
		regions[p.Region] = true
	}
	return len(regions) == 1 && d.Region() != ""
}

// Region is where the secrets are, as far as hci.hcl and the code tell: where all
// are, or else where the default provider's are; "" if they don't tell.
func (d *Desired) Region() string {
	regions := map[string]bool{}
	for _, p := range d.places {
		regions[p.Region] = true
	}
	if len(regions) == 1 && !regions[""] {
		return slices.Collect(maps.Keys(regions))[0]
	}
	return firstOf(d.Evaluated.Provider.Region, d.Env.Region)
}

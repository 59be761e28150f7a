package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"hci/internal/project"
	"hci/internal/sealed"
	"hci/internal/terraform"
	"hci/sync"
	"hci/sync/awssm"
	"hci/tfvars/module"
)

// desired is what an environment's secrets should be.
type desired struct {
	env       project.Environment
	content   *sealed.Content
	module    *module.Module
	evaluated *module.Evaluated
	wants     []sync.Want
	unnamed   []terraform.Unnamed
	nameless  []string // addresses of secrets whose name could not be found
	declared  map[string]bool
	state     bool // terraform's state was asked
}

// evaluateOptions say how the Terraform code is evaluated.
type evaluateOptions struct {
	state  bool // ask terraform for the workspace's state
	shapes bool
}

// stateFlag adds --state.
func stateFlag(cmd *cobra.Command, state *bool) {
	cmd.Flags().BoolVar(state, "state", false, "take what only an apply can tell from terraform's state")
}

// desired opens the environment's secrets and evaluates the Terraform
// directory with them.
func (a *app) desired(ctx context.Context, name string, o evaluateOptions) (*desired, error) {
	env, err := a.environment(name)
	if err != nil {
		return nil, err
	}
	content, err := a.openEnv(ctx, env)
	if err != nil {
		return nil, err
	}
	d := &desired{env: env, content: content, state: o.state}
	opts := terraform.Options{Shapes: o.shapes}
	if o.state {
		if opts.State, err = terraform.ReadState(a.found, env, a.environ, a.err); err != nil {
			return nil, err
		}
	}
	if d.module, d.evaluated, err = terraform.Evaluate(a.found, env, content.File, a.environ, opts); err != nil {
		return nil, err
	}
	for _, w := range d.evaluated.Warnings {
		a.sayf("%v", w)
	}
	d.wants, d.unnamed, err = terraform.Wants(d.evaluated)
	d.declared = make(map[string]bool, len(d.wants))
	for _, w := range d.wants {
		d.declared[w.Name] = true
	}
	return d, err
}

// store opens Secrets Manager in the region and with the profile that hci.hcl
// or, without it, the Terraform code names.
func (a *app) store(ctx context.Context, d *desired) (*awssm.Store, error) {
	return awssm.Open(ctx, a.awsOptions(d))
}

func (a *app) awsOptions(d *desired) awssm.Options {
	o := awssm.Options{Region: d.env.Region, Profile: d.env.Profile, Note: func(s string) { a.sayf("%s", s) }}
	if o.Region == "" {
		o.Region = d.evaluated.Provider.Region
	}
	if o.Profile == "" {
		o.Profile = d.evaluated.Provider.Profile
	}
	return o
}

// compareOptions say how an environment is compared.
type compareOptions struct {
	evaluateOptions
	orphans bool // look for secrets that are declared nowhere
}

// comparison is an environment compared with Secrets Manager.
type comparison struct {
	*desired
	store *awssm.Store
	plan  sync.Plan
}

// compare reads Secrets Manager and plans what would bring it in line.
func (a *app) compare(ctx context.Context, name string, o compareOptions) (*comparison, error) {
	d, err := a.desired(ctx, name, o.evaluateOptions)
	if err != nil {
		return nil, err
	}
	store, err := a.store(ctx, d)
	if err != nil {
		return nil, err
	}
	return a.compareIn(ctx, store, d, o)
}

// compareIn is compare in a store that is open.
func (a *app) compareIn(ctx context.Context, store *awssm.Store, d *desired, o compareOptions) (*comparison, error) {
	if err := a.findNames(ctx, store, d); err != nil {
		return nil, err
	}
	orphans := make(chan orphanList, 1)
	go func() {
		if o.orphans {
			orphans <- a.orphans(ctx, store, d)
		}
		close(orphans)
	}()
	held, err := store.Read(ctx, d.names())
	found := <-orphans
	if err != nil {
		return nil, err
	}
	if found.err != nil {
		return nil, found.err
	}
	for _, note := range found.notes {
		a.sayf("%s", note)
	}
	return &comparison{desired: d, store: store, plan: sync.Diff(append(held, found.held...), d.wants)}, nil
}

// names lists the names of the secrets that are declared.
func (d *desired) names() []string {
	names := make([]string, len(d.wants))
	for i, w := range d.wants {
		names[i] = w.Name
	}
	return names
}

// declares reports whether a name is declared.
func (d *desired) declares(name string) bool { return d.declared[name] }

// mayDeclare reports whether a name is declared, or can be one of those that
// were not found.
func (d *desired) mayDeclare(name string) bool {
	return d.declared[name] || slices.ContainsFunc(d.unnamed, func(u terraform.Unnamed) bool { return u.Takes(name) })
}

// findNames looks up the names that the Terraform code doesn't tell, by what
// is known of them. What isn't found is nameless, and said.
func (a *app) findNames(ctx context.Context, store sync.Lister, d *desired) error {
	for _, u := range d.unnamed {
		if !u.Searchable() {
			d.nameless = append(d.nameless, u.Want.Address)
			a.sayf("%s: its name is known after apply only, so it is left out%s", u.Want.Address, awaits(u.Awaits))
			continue
		}
		list, err := store.List(ctx, sync.Filter{Prefix: u.Prefix})
		if err != nil {
			return err
		}
		w, err := u.Find(list, d.declares)
		var ambiguous *terraform.AmbiguousNameError
		switch {
		case errors.As(err, &ambiguous):
			d.nameless = append(d.nameless, u.Want.Address)
			a.sayf("%v; it is left out; --state asks terraform", err)
		case w == nil:
			d.nameless = append(d.nameless, u.Want.Address)
			a.sayf("%s: no secret is there whose name begins with %q%s", u.Want.Address, u.Prefix, awaits(u.Awaits))
		default:
			d.wants, d.declared[w.Name] = append(d.wants, *w), true
		}
	}
	return nil
}

// awaits says what a name waits for.
func awaits(addresses []string) string {
	if len(addresses) == 0 {
		return ""
	}
	return " (it awaits " + strings.Join(addresses, ", ") + ")"
}

// orphanList is what was found in the project's scope but is declared nowhere.
type orphanList struct {
	held  []sync.Held
	notes []string
	err   error
}

// orphans looks for secrets of this environment that nothing declares, neither
// here nor for another environment.
func (a *app) orphans(ctx context.Context, store *awssm.Store, d *desired) orphanList {
	scope := terraform.NewScope(d.evaluated.Secrets)
	byName := map[string]sync.Listed{}
	for _, f := range scope.Filters() {
		list, err := store.List(ctx, f)
		var denied *sync.AccessError
		if errors.As(err, &denied) {
			return orphanList{notes: []string{fmt.Sprintf("secrets that are declared nowhere were not looked for: %v", err)}}
		}
		if err != nil {
			return orphanList{err: err}
		}
		for _, l := range list {
			if l.Deleted.IsZero() && scope.Holds(l) && !d.mayDeclare(l.Name) {
				byName[l.Name] = l
			}
		}
	}
	if len(byName) == 0 {
		return orphanList{}
	}
	return a.unclaimed(ctx, store, d, byName)
}

// unclaimed leaves out of the list what another environment declares, and
// reads the rest.
func (a *app) unclaimed(ctx context.Context, store *awssm.Store, d *desired, byName map[string]sync.Listed) orphanList {
	for _, other := range a.found.Environments {
		if other.Name == d.env.Name {
			continue
		}
		ev, err := terraform.EvaluateModule(d.module, other, nil, a.environ, terraform.Options{})
		if err != nil {
			return orphanList{notes: []string{fmt.Sprintf("secrets that are declared nowhere were not looked for: what %s declares is not known: %v", other.Name, err)}}
		}
		wants, unnamed, err := terraform.Wants(ev)
		if err != nil {
			return orphanList{err: err}
		}
		theirs := &desired{unnamed: unnamed, declared: map[string]bool{}}
		for _, w := range wants {
			theirs.declared[w.Name] = true
		}
		maps.DeleteFunc(byName, func(name string, _ sync.Listed) bool { return theirs.mayDeclare(name) })
	}
	names := make([]string, 0, len(byName))
	for name := range byName {
		names = append(names, name)
	}
	held, err := store.Read(ctx, names)
	return orphanList{held: held, err: err}
}

// region is where the secrets lie.
func (d *desired) region() string {
	switch {
	case d.env.Region != "":
		return d.env.Region
	case d.evaluated.Provider.Region != "":
		return d.evaluated.Provider.Region
	default:
		return "us-east-1"
	}
}

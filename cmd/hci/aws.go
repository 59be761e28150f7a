package main

import (
	"context"

	"hci/internal/project"
	"hci/internal/terraform"
	"hci/sync"
	"hci/sync/awssm"
	"hci/tfvars/module"
)

// desired is what an environment's secrets should be.
type desired struct {
	env      project.Environment
	wants    []sync.Want
	nameless []string // addresses of secrets whose name only AWS knows
	provider module.Provider
}

// desired opens the environment's secrets and evaluates the Terraform
// directory with them.
func (a *app) desired(ctx context.Context, name string) (*desired, error) {
	env, err := a.environment(name)
	if err != nil {
		return nil, err
	}
	content, err := a.openEnv(ctx, env)
	if err != nil {
		return nil, err
	}
	_, ev, err := terraform.Evaluate(a.found, env, content.File, a.environ)
	if err != nil {
		return nil, err
	}
	d := &desired{env: env, provider: ev.Provider}
	d.wants, d.nameless, err = terraform.Wants(ev)
	for _, w := range ev.Warnings {
		a.sayf("%v", w)
	}
	for _, address := range d.nameless {
		a.sayf("%s: its name is known after apply only, so it is left out", address)
	}
	return d, err
}

// store opens Secrets Manager in the region and with the profile that hci.hcl
// or, without it, the Terraform code names.
func (a *app) store(ctx context.Context, d *desired) (*awssm.Store, error) {
	o := awssm.Options{Region: d.env.Region, Profile: d.env.Profile, Note: func(s string) { a.sayf("%s", s) }}
	if o.Region == "" {
		o.Region = d.provider.Region
	}
	if o.Profile == "" {
		o.Profile = d.provider.Profile
	}
	return awssm.Open(ctx, o)
}

// compare reads Secrets Manager and plans what would bring it in line.
func (a *app) compare(ctx context.Context, name string) (sync.Store, sync.Plan, *desired, error) {
	d, err := a.desired(ctx, name)
	if err != nil {
		return nil, sync.Plan{}, nil, err
	}
	store, err := a.store(ctx, d)
	if err != nil {
		return nil, sync.Plan{}, nil, err
	}
	names := make([]string, len(d.wants))
	for i, w := range d.wants {
		names[i] = w.Name
	}
	held, err := store.Read(ctx, names)
	if err != nil {
		return nil, sync.Plan{}, nil, err
	}
	return store, sync.Diff(held, d.wants), d, nil
}

// region is where the secrets lie.
func (d *desired) region() string {
	switch {
	case d.env.Region != "":
		return d.env.Region
	case d.provider.Region != "":
		return d.provider.Region
	default:
		return "us-east-1"
	}
}

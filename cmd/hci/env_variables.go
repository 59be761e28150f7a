package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"hci/internal/aws/ecs"
	"hci/internal/child"
	"hci/internal/compare"
	"hci/internal/env/layers"
	"hci/internal/project"
	"hci/internal/terraform"
	"hci/sync"
	"hci/sync/dotenv"
	"hci/sync/secret"
	"hci/tfvars/module"
)

// variablesRequest says which variables of an environment are wanted, and where
// their values come from.
type variablesRequest struct {
	container string
	from      string // "" or "aws"
	live      bool
	state     bool
	strict    bool
	ecs       bool // for a container definition
	selection
	local localRequest
}

// flags adds the flags that every command on an environment's variables has.
func (r *variablesRequest) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&r.container, "container", "", "the environment of this container: `TASK/NAME` or NAME")
	f.StringVar(&r.from, "from", "", "take the values of secrets from `aws`, not from the secrets file")
	f.BoolVar(&r.live, "live", false, "take what only AWS knows from the running task definition")
	f.BoolVar(&r.strict, "strict", false, "fail if a variable has no value")
	stateFlag(cmd, &r.state)
}

// missingError says that variables have no value, and --strict was asked.
type missingError struct{ variables []layers.Variable }

func (e *missingError) Error() string {
	lines := make([]string, len(e.variables))
	for i, v := range e.variables {
		lines[i] = fmt.Sprintf("%s has no value: %s", v.Key, v.Reason())
	}
	return strings.Join(lines, "\n")
}

// envEntries are the variables of an environment that have a value; the others
// are said.
func (a *app) envEntries(ctx context.Context, env project.Environment, r variablesRequest) ([]dotenv.Entry, error) {
	set, in, err := a.variablesOf(ctx, env, r)
	if err != nil {
		return nil, err
	}
	if err := r.keep(set); err != nil {
		return nil, err
	}
	for _, name := range set.Null {
		if r.wants(strings.ToUpper(name)) {
			a.sayf("%s: %s is null and is skipped", env.Name, name)
		}
	}
	for _, name := range set.Unfit {
		if r.wants(strings.ToUpper(name)) {
			a.sayf("warning: %s: %q is skipped: no environment variable can have this name; to export it, write into hci.hcl: env { NAME = var.%s }", env.Name, name, name)
		}
	}
	entries, missing := set.Entries()
	if r.local.on {
		missing = slices.DeleteFunc(missing, func(v layers.Variable) bool { return slices.Contains(r.local.own, v.Key) })
		if missing, err = a.askLocal(missing, r.local); err != nil {
			return nil, err
		}
	}
	if len(missing) > 0 && r.strict {
		return nil, &missingError{missing}
	}
	for _, v := range missing {
		a.sayf("%s: %s is skipped: %s", env.Name, v.Key, v.Reason())
	}
	a.hintMissing(env.Name, missing, r)
	if r.ecs {
		return set.ForECS(in.Evaluated, in.ARNs)
	}
	return entries, nil
}

// unsetVariables are the root's variables without a value that values wait for.
func unsetVariables(missing []layers.Variable) (names []string) {
	for _, v := range missing {
		for _, address := range v.Awaits {
			if name, ok := strings.CutPrefix(address, "var."); ok && !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	return names
}

// hintMissing says how variables without a value get one.
func (a *app) hintMissing(env string, missing []layers.Variable, r variablesRequest) {
	applied := func(v layers.Variable) bool { return slices.ContainsFunc(v.Awaits, module.Later) }
	for _, name := range unsetVariables(missing) {
		a.sayf("give var.%s a value in a var file, or with 'hci secrets set %s %[1]s --new' if it is a secret", name, env)
	}
	if !r.live && !r.state && slices.ContainsFunc(missing, applied) {
		a.sayf("--state takes what is known after apply from Terraform's state, --live from the running task definition")
	}
	if !r.local.on {
		return
	}
	if i := slices.IndexFunc(missing, applied); i >= 0 {
		a.sayf("write %s = \"…\" into a block 'local { … }' of hci.hcl, or %[1]s=… below hci's last line in the file", missing[i].Key)
	} else if len(missing) > 0 {
		a.sayf("write %s=… below hci's last line in the file", missing[0].Key)
	}
}

// variables puts the layers of an environment's variables together.
func (a *app) variables(ctx context.Context, env project.Environment, r variablesRequest) (*layers.Set, error) {
	set, _, err := a.variablesOf(ctx, env, r)
	return set, err
}

func (a *app) variablesOf(ctx context.Context, env project.Environment, r variablesRequest) (set *layers.Set, in layers.Input, err error) {
	if r.from != "" && r.from != "aws" {
		return nil, in, fmt.Errorf("--from %s: it is aws, or left out", r.from)
	}
	content, err := a.openEnv(ctx, env)
	if err != nil {
		return nil, in, err
	}
	in = layers.Input{Secrets: content.File, Path: a.rel(content.Path), Vars: a.found.EnvVars(env.Name)}
	opts := terraform.Options{Shapes: r.from == "aws" || r.ecs}
	if r.state {
		done := a.waiting("reading Terraform's state")
		opts.State, err = terraform.ReadState(a.found, env, a.environFor(child.Terraform), a.err)
		done()
		if err != nil {
			return nil, in, err
		}
	}
	m, ev, err := terraform.Evaluate(a.found, env, content.File, a.environ, opts)
	var none *terraform.NoDirectoryError
	if err != nil && !errors.As(err, &none) {
		return nil, in, err
	}
	in.Evaluated = ev
	d := &compare.Desired{Env: env, Content: content, Module: m, Evaluated: ev}
	if r.from == "aws" {
		if ev == nil {
			return nil, in, err
		}
		if err := a.takeFromAWS(ctx, d, &in); err != nil {
			return nil, in, err
		}
	}
	if r.container == "" {
		r.container = env.Container
	}
	if in.Container, err = layers.FindContainer(in.Evaluated, r.container); err != nil {
		return nil, in, err
	}
	if in.Container != nil && in.Container.Files {
		a.sayf("%s: the environment files of container %s lie in S3 and are not read", env.Name, in.Container.Name)
	}
	if r.live {
		if in.Live, err = a.live(ctx, d, in.Container); err != nil {
			return nil, in, err
		}
	}
	in.Scope = layers.NewScope(in.Secrets, in.Evaluated)
	if set, err = layers.New(in); err == nil && r.local.on {
		err = a.makeLocal(ctx, env, set, in.Scope, r)
	}
	return set, in, err
}

// takeFromAWS brings what Secrets Manager holds into the secrets file, in memory
// only, and takes the values of whole secrets from there.
func (a *app) takeFromAWS(ctx context.Context, d *compare.Desired, in *layers.Input) error {
	if err := d.Want(); err != nil {
		return err
	}
	defer a.waiting("asking AWS what it holds of " + d.Env.Name)()
	if err := a.comparing().Find(ctx, d); err != nil {
		return err
	}
	held, err := d.Read(ctx)
	if err != nil {
		return err
	}
	plan := sync.Diff(held, d.Wants)
	if err := unreadable(plan); err != nil {
		return err
	}
	puller := &compare.Puller{Env: d.Env, Module: d.Module, Evaluated: d.Evaluated, Secrets: d.Content.File, Environ: a.environ}
	next, pulled, err := puller.Pull(plan, func(sync.Change) bool { return true })
	if err != nil {
		return err
	}
	for _, p := range pulled {
		for _, o := range p.Obstacles {
			a.sayf("%s: %s in Secrets Manager can't be traced back to the variables: %v", d.Env.Name, p.Name, o)
		}
	}
	in.Secrets = next
	if in.Evaluated, err = terraform.EvaluateModule(d.Module, d.Env, next, a.environ, terraform.Options{Shapes: true}); err != nil {
		return err
	}
	in.Held, in.ARNs, in.Bytes = map[string]secret.Value{}, map[string]string{}, map[string]bool{}
	for _, c := range plan.Changes {
		in.ARNs[c.Want.Address] = c.Held.ARN
		in.Bytes[c.Want.Address] = c.Held.Binary
		if c.Held.HasValue && !c.Held.Binary {
			in.Held[c.Want.Address] = c.Held.Value
		}
	}
	overrideSecrets(in)
	return nil
}

// overrideSecrets gives the evaluated secrets the values that Secrets Manager
// holds, for env blocks that name them.
func overrideSecrets(in *layers.Input) {
	for i := range in.Evaluated.Secrets {
		if v, ok := in.Held[in.Evaluated.Secrets[i].Address]; ok {
			in.Evaluated.Secrets[i].Status, in.Evaluated.Secrets[i].Value, in.Evaluated.Secrets[i].Binary = module.Known, v, false
		}
	}
}

// unreadable reports the secrets that Secrets Manager doesn't have a value of,
// or doesn't give.
func unreadable(p sync.Plan) error {
	var all []error
	for _, c := range p.Changes {
		switch c.Kind {
		case sync.Unreadable:
			all = append(all, c.Held.Err)
		case sync.Missing, sync.Add, sync.PendingDeletion:
			all = append(all, fmt.Errorf("secret %q has no value in Secrets Manager: %s", c.Name, reason(c)))
		}
	}
	return errors.Join(all...)
}

// live is the plain environment of the container as it runs.
func (a *app) live(ctx context.Context, d *compare.Desired, c *module.Container) (map[string]string, error) {
	if c == nil || len(d.Evaluated.Services) != 1 || d.Evaluated.Services[0].Name == "" || d.Evaluated.Services[0].Cluster == "" {
		return nil, errors.New("--live: the Terraform code doesn't tell which one service runs the container")
	}
	cfg, err := a.comparing().Load(ctx, d.Env, d.Evaluated, d.Evaluated.Services[0].Place)
	if err != nil {
		return nil, err
	}
	s := d.Evaluated.Services[0]
	defer a.waiting("asking AWS what " + s.Name + " runs")()
	env, err := ecs.NewOn(cfg, s.Cluster, s.Name).Environment(ctx, c.Name)
	if err != nil {
		return nil, fmt.Errorf("--live: %w", err)
	}
	return env, nil
}

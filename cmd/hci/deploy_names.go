package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strconv"
	"text/tabwriter"

	"hci/internal/aws/client"
	"hci/internal/aws/ecr"
	"hci/internal/aws/ecs"
	"hci/internal/compare"
	"hci/internal/deploy"
	"hci/internal/deploy/names"
	"hci/internal/deploy/state"
	"hci/internal/lint"
	"hci/internal/project"
	"hci/internal/term"
	"hci/internal/terraform"
	"hci/tfvars/module"
)

// deployment is an environment's service, by its names, and AWS to work on it.
type deployment struct {
	*compare.Desired
	names    names.Names
	missing  []names.Missing // that what is to be done doesn't need
	cfg      client.Config
	on       *ecs.On
	registry *ecr.Registry
	only     []string                                 // services that are meant, as the user named them; nil for all
	leaks    func(path string, piece []byte) []string // see [deploy.Source]
	values   func(path string, piece []byte) []string

	ownOf               func(main string) *deploy.Job // that makes an image of hci.hcl's blocks; nil for one image
	others              []*otherImage                 // of hci.hcl's blocks, that go along
	needles             []lint.Needle                 // values that are looked for in images
	schedules           []scheduled                   // to be made to start the new image
	notify, migratePlan []string                      // commands of hci.hcl that the user trusts; nil for none
}

// deployed finds the environment's service, to be looked at.
func (a *app) deployed(ctx context.Context, name string, only ...string) (*deployment, error) {
	env, err := a.environment(name)
	if err != nil {
		return nil, err
	}
	return a.deployment(ctx, env, nil, only...)
}

// deployment finds the names that steps need. They need no secret, so that
// nobody is asked for a passphrase. What is not known is asked for, all of it
// before anything else.
func (a *app) deployment(ctx context.Context, env project.Environment, steps []state.Step, only ...string) (*deployment, error) {
	d, err := a.named(env, steps, only...)
	if err != nil {
		return nil, err
	}
	if err := a.connect(ctx, d); err != nil {
		return nil, err
	}
	return d, nil
}

// named is a deployment without AWS.
func (a *app) named(env project.Environment, steps []state.Step, only ...string) (*deployment, error) {
	_, ev, err := terraform.Evaluate(a.found, env, nil, a.environ, terraform.Options{})
	if err != nil {
		return nil, err
	}
	d := &deployment{Desired: &compare.Desired{Env: env, Evaluated: ev}, only: only}
	return d, a.nameAll(d, steps)
}

// nameAll resolves the names, and asks for those that are missing.
func (a *app) nameAll(d *deployment, steps []state.Step) error {
	for {
		d.names, d.missing = names.Resolve(names.Sources{
			Env: d.Env, Evaluated: d.Evaluated, Place: a.place, Region: a.getenv("AWS_REGION"), Service: first(d.only),
		})
		lacking := deploy.Needs(d.missing, steps)
		if len(lacking) == 0 {
			d.names.Others = a.otherNames(d.Env)
			return nil
		}
		settings := map[string]project.DeploySetting{}
		for key, s := range d.Env.Deploy {
			settings[key] = s
		}
		for _, m := range lacking {
			text, err := a.terminal().Ask(m.String() + ". " + m.Key + ": ")
			if errors.Is(err, term.ErrNoTerminal) {
				return &names.MissingError{Names: lacking}
			}
			if err != nil {
				return err
			}
			if text == "" {
				return &names.MissingError{Names: []names.Missing{m}}
			}
			settings[m.Key] = project.DeploySetting{Value: text}
			a.sayf("with %s = %q in the deploy block of hci.hcl it is not asked again", m.Key, text)
		}
		d.Env.Deploy = settings
	}
}

// first is the first of the services that the user named, "" if none is.
func first(only []string) string {
	if len(only) == 0 {
		return ""
	}
	return only[0]
}

// otherNames are the names of the project's other environments, as far as the code
// tells them.
func (a *app) otherNames(env project.Environment) map[string]names.Names {
	all := map[string]names.Names{}
	for _, other := range a.found.Environments {
		if other.Name == env.Name {
			continue
		}
		if _, ev, err := terraform.Evaluate(a.found, other, nil, a.environ, terraform.Options{}); err == nil {
			all[other.Name], _ = names.Resolve(names.Sources{Env: other, Evaluated: ev, Place: a.place, Region: a.getenv("AWS_REGION")})
		}
	}
	return all
}

// fullNames are a deployment's names with the values of its secrets, too.
func (a *app) fullNames(d *deployment) func(context.Context) (names.Names, error) {
	return func(ctx context.Context) (names.Names, error) {
		opened, err := a.desired(ctx, d.Env.Name, compare.Options{})
		if err != nil {
			return names.Names{}, err
		}
		names, _ := names.Resolve(names.Sources{Env: d.Env, Evaluated: opened.Evaluated, Service: d.names.Service, Place: a.place, Region: a.getenv("AWS_REGION")})
		return names, nil
	}
}

// place shows where something is declared.
func (a *app) place(file string, line int) string {
	if !filepath.IsAbs(file) {
		file = terraform.Path(a.found, file)
	}
	return a.rel(file) + ":" + strconv.Itoa(line)
}

// servicePlace is where the service is kept, as far as the code tells.
func servicePlace(ev *module.Evaluated, service string) module.Place {
	for _, s := range ev.Services {
		if s.Name == service {
			return s.Place
		}
	}
	return ev.Provider
}

// connect loads the AWS configuration, which makes no request, unless this is a
// rehearsal.
func (a *app) connect(ctx context.Context, d *deployment) error {
	var err error
	if a.rehearsal != nil {
		d.cfg, err = a.rehearsal.begin(ctx, a, d)
	} else {
		d.cfg, err = a.comparing().Load(ctx, d.Env, d.Evaluated, servicePlace(d.Evaluated, d.names.Service))
	}
	if err != nil {
		return err
	}
	d.names.Region = cmp.Or(d.cfg.Region, d.names.Region) // where it is kept, whatever the default provider says
	d.on = ecs.NewOn(d.cfg, d.names.Cluster, d.names.Service)
	d.registry = d.registryOf(cmp.Or(d.names.RegistryAccount, d.names.Account), d.names.RegistryRegion)
	return nil
}

// registryOf is the registry of an account in a region; "" are those of the service.
func (d *deployment) registryOf(account, region string) *ecr.Registry {
	cfg := d.cfg
	if region != "" && cfg.BaseEndpoint == nil {
		cfg.Region = region
	}
	return ecr.New(cfg, account)
}

// explainNames prints the names and where each came from. What AWS would tell is
// asked for, and may be missing: nothing else needs AWS here.
func (a *app) explainNames(ctx context.Context, env project.Environment, asJSON bool) error {
	d, err := a.named(env, []state.Step{state.Explain})
	if err != nil {
		return err
	}
	d.missing = append(d.missing, a.askAWS(ctx, d)...)
	a.sayf("%s is in workspace %s: %s", env.Name, env.Workspace, env.WorkspaceWhy)
	if asJSON {
		missing := []string{}
		for _, m := range d.missing {
			missing = append(missing, m.String())
		}
		return a.printJSON(namesReport{Names: d.names.List(), Missing: missing})
	}
	w := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
	for _, n := range d.names.List() {
		fmt.Fprintf(w, "%s\t%s\t%s\n", n.Key, n.Value, n.From)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	for _, m := range d.missing {
		a.sayf("%s; %s in the deploy block of hci.hcl sets it", m, m.Key)
	}
	return nil
}

// namesReport is the JSON form of the names of a deployment.
type namesReport struct {
	Names   []names.Name `json:"names"`
	Missing []string     `json:"missing"` // in words
}

// askAWS fills in the account, which STS tells, where neither the code nor
// hci.hcl does.
func (a *app) askAWS(ctx context.Context, d *deployment) []names.Missing {
	if d.names.Account != "" {
		return nil
	}
	err := a.connect(ctx, d)
	var id client.Identity
	if err == nil {
		id, err = client.WhoAmI(ctx, d.cfg)
	}
	if err != nil {
		return []names.Missing{{Key: "account", Why: "AWS does not tell it: " + err.Error()}}
	}
	d.names.SetAccount(id.Account, "the AWS credentials, "+id.ARN)
	return nil
}

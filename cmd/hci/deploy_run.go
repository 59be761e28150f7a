package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/user"
	"slices"
	"strings"
	stdsync "sync"
	"text/tabwriter"
	"time"

	"hci/internal/aws/client"
	"hci/internal/aws/iam"
	"hci/internal/child"
	"hci/internal/deploy"
	"hci/internal/deploy/preflight"
	"hci/internal/deploy/state"
	"hci/internal/docker"
	"hci/internal/project"
	"hci/internal/term"
)

// runDeploy does steps of a new deployment.
func (a *app) runDeploy(ctx context.Context, env project.Environment, steps []state.Step, o deployOptions) error {
	if !slices.Contains([]string{"", state.BaseRunning, state.BaseNewest}, o.base) {
		return fmt.Errorf("--base is %s or %s, and not %q", state.BaseRunning, state.BaseNewest, o.base)
	}
	if o.schedules && o.noWait() {
		return errors.New("--schedules does not go with --wait=false: schedules start the new image once it serves")
	}
	d, err := a.deployment(ctx, env, steps, o.services...)
	if err != nil {
		return err
	}
	if o.asDeclared {
		d.names.AsDeclared = true
	}
	if !state.Whole(steps) || o.dryRun || a.rehearsal != nil {
		return a.perform(ctx, d, state.Unkept(env.Name, steps), o)
	}
	release, err := state.Lock(a.found.StateDir(), env.Name)
	if err != nil {
		return err
	}
	defer release()
	return a.perform(ctx, d, state.NewJournal(a.found.StateDir(), env.Name, steps), o)
}

// unfinished says that an earlier deployment was not finished, which this one
// replaces.
func (a *app) unfinished(env string) {
	old, err := state.OpenJournal(a.found.StateDir(), env)
	if earlier := (*state.OldJournalError)(nil); errors.As(err, &earlier) {
		a.sayf("%v; this one takes its place", earlier)
	}
	if err != nil {
		return // there is none, or none that could be resumed
	}
	a.sayf("the deployment of commit %.12s that began at %s was not finished; this one takes its place", old.Commit, old.Started.UTC().Format("2006-01-02 15:04 UTC"))
}

// otherPlaceError says that a journal is about another service than the names
// lead to now.
type otherPlaceError struct{ was, is string }

func (e *otherPlaceError) Error() string {
	return fmt.Sprintf("the deployment that was left is one of %s, and now the names lead to %s", e.was, e.is)
}

// otherCommitError says that something else is checked out than what a deployment
// that was left is to build.
type otherCommitError struct{ was, is string }

func (e *otherCommitError) Error() string {
	return fmt.Sprintf("the deployment that was left is to build %s, and what is checked out is %s: check that out again, or begin a new deployment", e.was, e.is)
}

// continueDeploy goes on with an environment's deployment that was left.
func (a *app) continueDeploy(ctx context.Context, env project.Environment, o deployOptions) error {
	release, err := state.Lock(a.found.StateDir(), env.Name)
	if err != nil {
		return err
	}
	defer release()
	journal, err := state.OpenJournal(a.found.StateDir(), env.Name)
	if keys := state.ServiceKeys(a.found.StateDir(), env.Name); errors.Is(err, state.ErrNoJournal) && len(keys) > 0 {
		journal, err = state.OpenJournal(a.found.StateDir(), keys[0]) // the first service is deployed; the others go along with this one
		if err == nil && len(o.services) == 0 {
			o.services = servicesOf(env.Name, keys)
		}
	}
	if err != nil {
		return err
	}
	d, err := a.deployment(ctx, env, journal.Left(), o.services...)
	if err != nil {
		return err
	}
	a.sayf("%s: going on with the deployment of commit %.12s that began at %s; still to do: %s", env.Name, journal.Commit,
		journal.Started.UTC().Format("2006-01-02 15:04 UTC"), joined(journal.Left()))
	if !o.yes {
		o.ask = onTerminal{a}
	}
	return a.perform(ctx, d, journal, o)
}

// servicesOf are the services whose journals have the keys.
func servicesOf(env string, keys []string) []string {
	var all []string
	for _, key := range keys {
		all = append(all, strings.TrimPrefix(key, state.ServiceKey(env, "")))
	}
	return all
}

func joined(steps []state.Step) string {
	var names []string
	for _, s := range steps {
		names = append(names, string(s))
	}
	return strings.Join(names, ", ")
}

// findings shows what was found; the error says that something of it stands in the
// way.
func (a *app) findings(look *preflight.Look) error {
	a.sayFindings(look.Findings)
	return preflight.Blocking(look.Findings)
}

func (a *app) sayFindings(all []preflight.Finding) {
	for _, f := range all {
		a.event(deployEvent{Event: "finding", Finding: &eventFinding{Level: f.Level.String(), About: f.About, Text: f.Text, Next: f.Next}})
		a.sayAll([]string{fmt.Sprintf("%s: %s: %s", f.Level, f.About, f.Text)})
		if f.Next != "" {
			a.sayf("  %s", f.Next)
		}
	}
}

// sameDeployment refuses to go on with a deployment somewhere else, or with what
// is checked out now while the image is still to be built or pushed; after that it
// says which goes on.
func (a *app) sameDeployment(journal *state.Journal, d *deployment, look *preflight.Look) error {
	if !journal.Begun() {
		return nil
	}
	place := func(service, cluster, region, account string) string {
		return fmt.Sprintf("%s in %s, %s, account %s", service, cluster, region, account)
	}
	was := place(journal.Service, journal.Cluster, journal.Region, journal.Account)
	if is := place(d.names.Service, d.names.Cluster, d.names.Region, look.Identity.Account); was != is {
		return &otherPlaceError{was, is}
	}
	switch {
	case journal.Image == "" && slices.Contains(journal.Steps, state.Push) && journal.Tag != look.Tag:
		return &otherCommitError{journal.Tag, look.Tag}
	case journal.Commit != look.Commit.SHA:
		a.sayf("commit %.12s is checked out, and what goes on is the deployment of %.12s", look.Commit.SHA, journal.Commit)
	}
	return nil
}

// note writes into a new journal what the deployment is.
func (a *app) note(j *state.Journal, d *deployment, look *preflight.Look) {
	if state.Whole(j.Steps) && a.rehearsal == nil {
		a.unfinished(d.Env.Name)
	}
	a.noteWhere(j, d, look)
}

// noteWhere writes into a journal which service it is about.
func (a *app) noteWhere(j *state.Journal, d *deployment, look *preflight.Look) {
	j.Account, j.Region, j.Cluster, j.Service = look.Identity.Account, d.names.Region, d.names.Cluster, d.names.Service
	j.Commit, j.Tag, j.Who = look.Commit.SHA, look.Tag, who()
	follow(j, look)
}

// follow notes the service's deployment that this one is to follow.
func follow(j *state.Journal, look *preflight.Look) {
	if look.Service == nil {
		return
	}
	if p := look.Service.Primary(); p != nil {
		j.Seen = p.ID
	}
}

func (a *app) job(d *deployment, journal *state.Journal, steps []state.Step, o deployOptions, look *preflight.Look) *deploy.Job {
	j := &deploy.Job{
		Env: d.Env.Name, Names: d.names, Look: look, Journal: journal, Steps: steps,
		Registry: d.registry, Cluster: d.on, Rollout: d.on, Changes: d.on, Tasks: d.on,
		Source: a.buildSource(d, journal, look),
		Spot:   o.spot, NoWait: o.noWait(),
		Timeout: o.timeout, Every: o.poll, Fresh: fresh,
		Talk: a.deployView(d.Env.Name, o.yes), LastTime: state.ReadTimes(a.found.StateDir(), d.Env.Name),
	}
	if a.rehearsal != nil && j.Every == 0 {
		j.Every = rehearsalEvery
	}
	return j
}

// who is the user and the machine.
func who() string {
	name := "unknown"
	if u, err := user.Current(); err == nil {
		name = u.Username
	}
	if host, err := os.Hostname(); err == nil {
		name += "/" + host
	}
	return name
}

// session is docker for the steps: with a private login where hci logs in as
// part of more, else with the user's own.
func (a *app) session(d *deployment, steps []state.Step, look *preflight.Look, out io.Writer) (*docker.Session, error) {
	if !slices.ContainsFunc(steps, func(s state.Step) bool { return s == state.Login || s == state.Build || s == state.Push }) {
		return nil, nil
	}
	engine := look.Engine
	if engine == nil {
		var err error
		if engine, err = docker.Find(context.Background(), a.environFor(child.Docker)); err != nil {
			return nil, err
		}
	}
	if a.rehearsal != nil {
		a.rehearsal.engine = engine
	}
	host := look.Repository.Host()
	if slices.Contains(steps, state.Login) && len(steps) > 1 {
		self, err := os.Executable()
		if err != nil {
			return nil, err
		}
		return engine.Session(host, self, out)
	}
	if err := engine.Helper(host); err != nil {
		return nil, err
	}
	return engine.OwnSession(host, out), nil
}

// summary prints what each step did and took.
func (a *app) summary(done []deploy.Done) error {
	if a.events {
		return nil // each was told
	}
	brief := a.brief
	if term.IsTerminal(a.raw.out) {
		brief = a.briefer
	}
	w := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
	for _, d := range done {
		fmt.Fprintf(w, "%s\t%s\t%s\n", d.Step, d.Took.Round(time.Millisecond), brief(d.Words))
	}
	return w.Flush()
}

// lookAll runs the preflight checks of a deployment and of the services that go along, all
// at once.
func (a *app) lookAll(ctx context.Context, d *deployment, journal *state.Journal, along []*follower, o deployOptions) (*preflight.Look, error) {
	steps := journal.Left()
	more, err := a.moreLooks(ctx, d, steps, o)
	if err != nil {
		return nil, err
	}
	commit := stdsync.OnceValues(func() (project.Commit, error) { return a.found.Commit(ctx) })
	looked := a.lookAlong(ctx, along, commit, o)
	p := a.preflight(d, journal, steps, o)
	p.More, p.Commit = more, func(context.Context) (project.Commit, error) { return commit() }
	look, err := p.Look(ctx)
	if alongErr := looked(look, steps); err != nil || alongErr != nil {
		return nil, errors.Join(err, alongErr)
	}
	if slices.Contains(steps, state.Update) {
		look.Findings = append(look.Findings, d.leftBehind()...)
	}
	return look, nil
}

// look is the preflight.
func (a *app) look(ctx context.Context, d *deployment, journal *state.Journal, steps []state.Step, o deployOptions) (*preflight.Look, error) {
	more, err := a.moreLooks(ctx, d, steps, o)
	if err != nil {
		return nil, err
	}
	p := a.preflight(d, journal, steps, o)
	p.More = more
	return p.Look(ctx)
}

// preflight is what to look at, without what needs the secrets.
func (a *app) preflight(d *deployment, journal *state.Journal, steps []state.Step, o deployOptions) preflight.Preflight {
	return preflight.Preflight{
		Env: d.Env.Name, Root: a.found.Root, Names: d.names, Steps: steps, State: journal, Force: o.force,
		Yes: o.yes, Wanted: preflight.Wanted{Image: o.image, ImageTag: o.imageTag},
		Cluster: d.on, Registry: d.registry,
		RegistryOf: func(account, region string) preflight.Registry { return d.registryOf(account, region) },
		WhoAmI:     func(ctx context.Context) (client.Identity, error) { return iam.WhoAmI(ctx, d.cfg) },
		Docker:     func(ctx context.Context) (*docker.Engine, error) { return docker.Find(ctx, a.environFor(child.Docker)) },
		Commit:     a.found.Commit,
		Secret:     a.secretLook(d), Full: a.fullNames(d),
	}
}

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"hci/internal/awsapi"
	"hci/internal/deploy"
	"hci/internal/docker"
	"hci/internal/project"
)

// runDeploy does steps of a new deployment.
func (a *app) runDeploy(ctx context.Context, env project.Environment, steps []deploy.Step, o deployOptions) error {
	d, err := a.deployment(ctx, env, steps)
	if err != nil {
		return err
	}
	journal := deploy.Unkept(env.Name, steps)
	if whole(steps) && !o.dryRun {
		journal = deploy.NewJournal(a.journals(), env.Name, steps)
		if err := a.unfinished(env.Name, o.displace); err != nil {
			return err
		}
	}
	return a.perform(ctx, d, journal, steps, o, journal.Begin)
}

// whole reports whether these are the steps of a deployment, rather than one
// alone that changes nothing at AWS.
func whole(steps []deploy.Step) bool {
	return slices.Contains(steps, deploy.Update) || slices.Contains(steps, deploy.Migrate)
}

// unfinished says that an earlier deployment was not finished, which this one
// replaces. It refuses while that is under way on this machine.
func (a *app) unfinished(env string, displace bool) error {
	old, err := deploy.OpenJournal(a.journals(), env)
	if err != nil {
		return nil // there is none, or none that could be gone on with
	}
	if err := old.UnderWay(); err != nil && !displace {
		return err
	}
	a.sayf("the deployment of commit %.12s that began at %s was not finished; this one takes its place", old.Commit, old.Started.UTC().Format("2006-01-02 15:04 UTC"))
	return nil
}

// otherPlaceError says that a journal is about another service than the names
// lead to now.
type otherPlaceError struct{ was, is string }

func (e *otherPlaceError) Error() string {
	return fmt.Sprintf("the deployment that was left is one of %s, and now the names lead to %s", e.was, e.is)
}

// otherCommitError says that another commit is checked out than the one whose
// deployment was left.
type otherCommitError struct{ was, is string }

func (e *otherCommitError) Error() string {
	return fmt.Sprintf("the deployment that was left is one of commit %.12s, and %.12s is checked out: check that out again, or begin a new deployment", e.was, e.is)
}

// continueDeploy goes on where a journal ends.
func (a *app) continueDeploy(ctx context.Context, env project.Environment, journal *deploy.Journal, o deployOptions) error {
	if err := journal.UnderWay(); err != nil && !o.displace {
		return err
	}
	steps := journal.Left()
	d, err := a.deployment(ctx, env, steps)
	if err != nil {
		return err
	}
	a.sayf("%s: going on with the deployment of commit %.12s that began at %s; still to do: %s", env.Name, journal.Commit,
		journal.Started.UTC().Format("2006-01-02 15:04 UTC"), joined(steps))
	was := journal.Service + " in " + journal.Cluster + ", " + journal.Region
	if is := d.names.Service + " in " + d.names.Cluster + ", " + d.names.Region; was != is {
		return &otherPlaceError{was, is}
	}
	return a.perform(ctx, d, journal, steps, o, journal.Resume)
}

// journals is the directory in which a deployment is remembered.
func (a *app) journals() string {
	if a.rehearsal != nil {
		return a.rehearsal.state
	}
	return a.found.StateDir()
}

func joined(steps []deploy.Step) string {
	var names []string
	for _, s := range steps {
		names = append(names, string(s))
	}
	return strings.Join(names, ", ")
}

// perform looks, shows the plan, runs the steps and tells how it ended.
func (a *app) perform(ctx context.Context, d *deployment, journal *deploy.Journal, steps []deploy.Step, o deployOptions, begin func() error) error {
	start := time.Now()
	look, err := a.look(ctx, d, journal, steps, o)
	if err != nil {
		return err
	}
	looked := time.Since(start)
	if err := a.sameCommit(journal, look); err != nil {
		return err
	}
	job := a.job(d, journal, steps, o, look)
	for _, f := range look.Findings {
		a.sayf("%s: %s: %s", f.Level, f.About, f.Text)
		if f.Next != "" {
			a.sayf("  %s", f.Next)
		}
	}
	blocked := deploy.Blocking(look.Findings)
	if blocked == nil || o.dryRun && look.Service != nil {
		if err := job.Show(a.out); err != nil {
			return err
		}
	}
	if blocked != nil || o.dryRun {
		return blocked
	}
	a.note(journal, d, look)
	if err := begin(); err != nil {
		return err
	}
	session, err := a.session(d, steps, look)
	if err != nil {
		return err
	}
	if session != nil {
		defer func() {
			if err := session.Close(); err != nil {
				a.sayf("the private login could not be removed: %v", err)
			}
		}()
		job.Docker = session
	}
	done, err := job.Run(ctx)
	done = append([]deploy.Done{{Step: "look", Words: fmt.Sprintf("%d findings", len(look.Findings)), Took: looked}}, done...)
	if summary := a.summary(done); summary != nil {
		return errors.Join(err, summary)
	}
	if err != nil {
		return a.notDeployed(ctx, job, err)
	}
	switch {
	case a.rehearsal != nil:
		a.sayf("rehearsed: nothing in AWS was touched")
	case slices.Contains(steps, deploy.Update):
		a.sayf("deployed")
	}
	return journal.End()
}

// sameCommit refuses to go on with another commit's deployment, while which image
// it deploys depends on what is checked out; after that it says which goes on.
func (a *app) sameCommit(journal *deploy.Journal, look *deploy.Look) error {
	if journal.Commit == "" || journal.Commit == look.Commit.SHA {
		return nil
	}
	if journal.Image == "" && journal.Revision == "" {
		return &otherCommitError{journal.Commit, look.Commit.SHA}
	}
	a.sayf("commit %.12s is checked out, and what goes on is the deployment of %.12s", look.Commit.SHA, journal.Commit)
	return nil
}

// note writes into a new journal what the deployment is.
func (a *app) note(j *deploy.Journal, d *deployment, look *deploy.Look) {
	if j.Commit != "" {
		return
	}
	j.Account, j.Region, j.Cluster, j.Service = look.Identity.Account, d.names.Region, d.names.Cluster, d.names.Service
	j.Commit, j.Tag, j.Dirty = look.Commit.SHA, look.Tag, len(look.Commit.Dirty) > 0
}

func (a *app) job(d *deployment, journal *deploy.Journal, steps []deploy.Step, o deployOptions, look *deploy.Look) *deploy.Job {
	j := &deploy.Job{
		Env: d.env.Name, Names: d.names, Look: look, Journal: journal, Steps: steps,
		Registry: d.registry, Cluster: d.on, Source: d.on, Changes: d.on, Tasks: d.on,
		Paths:     deploy.Paths{Context: filepath.Join(a.found.Root, d.names.Context), Dockerfile: filepath.Join(a.found.Root, d.names.Dockerfile)},
		StartedBy: deploy.StartedBy(who(), journal), Timeout: o.timeout, Every: o.poll, Fresh: fresh,
		Talk: a.deployView(d.env.Name, o.yes),
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
func (a *app) session(d *deployment, steps []deploy.Step, look *deploy.Look) (*docker.Session, error) {
	if !slices.ContainsFunc(steps, func(s deploy.Step) bool { return s == deploy.Login || s == deploy.Build || s == deploy.Push }) {
		return nil, nil
	}
	engine := look.Engine
	if engine == nil {
		var err error
		if engine, err = docker.Find(context.Background(), a.environ); err != nil {
			return nil, err
		}
	}
	host := look.Repository.Host()
	if slices.Contains(steps, deploy.Login) && len(steps) > 1 {
		self, err := os.Executable()
		if err != nil {
			return nil, err
		}
		return engine.Session(host, self, a.err)
	}
	if err := engine.Helper(host); err != nil {
		return nil, err
	}
	return engine.OwnSession(host, a.err), nil
}

// summary prints what each step did and took.
func (a *app) summary(done []deploy.Done) error {
	w := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
	for _, d := range done {
		fmt.Fprintf(w, "%s\t%s\t%s\n", d.Step, d.Took.Round(time.Millisecond), d.Words)
	}
	return w.Flush()
}

// look is the preflight.
func (a *app) look(ctx context.Context, d *deployment, journal *deploy.Journal, steps []deploy.Step, o deployOptions) (*deploy.Look, error) {
	more, err := a.moreLooks(ctx, d, steps, o)
	if err != nil {
		return nil, err
	}
	p := deploy.Preflight{
		Env: d.env.Name, Root: a.found.Root, Names: d.names, Steps: steps, Rebuild: o.rebuild, Displace: o.displace, Base: o.base,
		Own:     deploy.Own{Deployment: journal.Deployment, Revision: journal.Revision, StartedBy: deploy.StartedBy(who(), journal)},
		Cluster: d.on, Registry: d.registry,
		WhoAmI: func(ctx context.Context) (awsapi.Identity, error) { return awsapi.WhoAmI(ctx, d.cfg) },
		Docker: func(ctx context.Context) (*docker.Engine, error) { return docker.Find(ctx, a.environ) },
		Commit: a.found.Commit,
		Secret: a.secretLook(d),
		More:   more,
	}
	return p.Look(ctx)
}

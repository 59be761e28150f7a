package deploy

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"hci/internal/docker"
	"hci/internal/ecr"
	"hci/internal/ecs"
	"hci/internal/secret"
)

// Docker builds and pushes.
type Docker interface {
	Login(ctx context.Context, user string, password secret.Value) error
	Build(ctx context.Context, i docker.Image) error
	Push(ctx context.Context, image string) error
	Inspect(ctx context.Context, image string) (docker.Found, error)
}

// Changes are what a deployment changes.
type Changes interface {
	Register(ctx context.Context, d *ecs.Definition) (string, error)
	RunTask(ctx context.Context, r ecs.Run) (string, error)
	Update(ctx context.Context, revision string, force bool) (string, error)
	StopDeployment(ctx context.Context) error
}

// Tasks are one-off tasks and their logs.
type Tasks interface {
	OneOff(ctx context.Context, arn, container string) (*ecs.OneOff, error)
	TaskLog(d *ecs.Definition, container, task string) (*ecs.TaskLog, error)
	LastLines(ctx context.Context, t *ecs.StoppedTask)
}

// Job is a deployment, or a part of one.
type Job struct {
	Env     string
	Names   Names
	Look    *Look
	Journal *Journal
	Steps   []Step // to be done now

	Docker   Docker // nil if nothing is built or pushed
	Registry Registry
	Cluster  Cluster
	Source   Source
	Changes  Changes
	Tasks    Tasks

	Paths     Paths
	StartedBy string        // in AWS, of one-off tasks; see [StartedBy]
	Timeout   time.Duration // of the migration and of the update, each
	Every     time.Duration // between two questions to AWS; 0 chooses

	// Fresh makes a context for what follows on an interruption.
	Fresh func() (context.Context, context.CancelFunc)

	Talk View
}

// StartedBy says in AWS who started a one-off task, for which deployment. It has
// the letters that AWS allows.
//
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RunTask.html
func StartedBy(who string, j *Journal) string {
	who = strings.Map(func(r rune) rune {
		if r < 0x80 && (r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z' || strings.ContainsRune("-_/.", r)) {
			return r
		}
		return '-'
	}, "hci/"+who)
	const most = 128
	tag := "/" + j.tag()
	return who[:min(len(who), most-len(tag))] + tag
}

// Paths are those of the build.
type Paths struct{ Context, Dockerfile string }

// View is told how it goes, and asked what only a person can decide.
type View interface {
	// Say tells a line.
	Say(format string, args ...any)
	// Log shows a line that a task wrote.
	Log(l ecs.LogLine)
	// Seen shows how a rollout stands.
	Seen(s *ecs.Service, d *ecs.Deployment)
	// Stopped shows a task of the rollout that stopped.
	Stopped(t ecs.StoppedTask)
	// Decide is asked what becomes of a deployment that loops, or whose watching
	// was interrupted.
	Decide(r Result, interrupted bool) Choice
}

// Choice is what becomes of a deployment.
type Choice int

// The choices.
const (
	Leave    Choice = iota // it goes on at AWS
	Stop                   // ECS stops it and goes back, unwatched
	RollBack               // and hci waits until the revision before serves
	Continue               // to watch
)

// Done is what became of a step.
type Done struct {
	Step  Step
	Words string
	Took  time.Duration
}

// Run does the steps in their order. It returns what was done; the error is that
// of the step which failed, a [*StepError].
func (j *Job) Run(ctx context.Context) ([]Done, error) {
	run := map[Step]func(context.Context) (string, error){
		Login: j.login, Build: j.build, Push: j.push, Migrate: j.migrate, Update: j.update,
	}
	var all []Done
	for _, s := range Sorted(j.Steps) {
		start := time.Now()
		j.Talk.Say("%s", s)
		words, err := run[s](ctx)
		if err == nil {
			err = j.Journal.done(s)
		}
		if err != nil {
			return all, &StepError{Step: s, Err: err}
		}
		all = append(all, Done{Step: s, Words: words, Took: time.Since(start)})
	}
	return all, nil
}

// StepError says which step failed.
type StepError struct {
	Step Step
	Err  error
}

func (e *StepError) Error() string { return string(e.Step) + ": " + e.Err.Error() }
func (e *StepError) Unwrap() error { return e.Err }

func (j *Job) login(ctx context.Context) (string, error) {
	t, err := j.logIn(ctx)
	if err != nil {
		return "", err
	}
	words := j.Look.Repository.Host()
	if !t.Expires.IsZero() {
		words += ", until " + t.Expires.UTC().Format("15:04 UTC")
	}
	return words, nil
}

func (j *Job) logIn(ctx context.Context) (ecr.Token, error) {
	t, err := j.Registry.Token(ctx)
	if err != nil {
		return t, err
	}
	return t, j.Docker.Login(ctx, t.User, t.Password)
}

// tagged is this commit's image by its tag.
func (j *Job) tagged() string { return j.Look.Repository.URI + ":" + j.Look.Tag }

func (j *Job) build(ctx context.Context) (string, error) {
	if j.Look.Pushed != "" {
		return "not built: the registry has the image of commit " + j.Look.Commit.Short(), nil
	}
	image := docker.Image{
		Context: j.Paths.Context, Dockerfile: j.Paths.Dockerfile, Platform: j.Look.Platform,
		Tags: []string{j.tagged()}, Labels: docker.Labels(j.Look.Commit.SHA, j.Look.Commit.Source, time.Now()),
	}
	if j.Look.Moving != "" {
		image.Tags = append(image.Tags, j.Look.Repository.URI+":"+j.Look.Moving)
	}
	if err := j.Docker.Build(ctx, image); err != nil {
		return "", err
	}
	if err := j.rightPlatform(ctx); err != nil {
		return "", err
	}
	return j.tagged() + " for " + j.Look.Platform, nil
}

// PlatformError says that an image is built for other machines than the task's.
type PlatformError struct{ Image, Has, Wants string }

func (e *PlatformError) Error() string {
	return fmt.Sprintf("%s is an image for %s, and the task runs on %s", e.Image, e.Has, e.Wants)
}

func (j *Job) rightPlatform(ctx context.Context) error {
	found, err := j.Docker.Inspect(ctx, j.tagged())
	if err != nil {
		return err
	}
	if found.Platform != j.Look.Platform {
		return &PlatformError{Image: j.tagged(), Has: found.Platform, Wants: j.Look.Platform}
	}
	return nil
}

func (j *Job) push(ctx context.Context) (string, error) {
	if j.Look.Pushed != "" {
		j.Journal.Image = j.Look.Repository.URI + "@" + j.Look.Pushed
		return "not pushed: " + j.Journal.Image + " is there", j.Journal.Save()
	}
	if err := j.rightPlatform(ctx); err != nil {
		return "", err
	}
	tags := []string{j.Look.Tag}
	if j.Look.Moving != "" {
		tags = append(tags, j.Look.Moving)
	}
	for i, tag := range tags {
		if err := j.pushTag(ctx, tag, i == 0); err != nil {
			return "", err
		}
	}
	digest, err := j.digest(ctx)
	if err != nil {
		return "", err
	}
	j.Journal.Image = j.Look.Repository.URI + "@" + digest
	return j.Journal.Image, j.Journal.Save()
}

// pushTag pushes one tag; a login that expired on the way is renewed once, if it
// is hci's. The moving tag may have become immutable.
func (j *Job) pushTag(ctx context.Context, tag string, own bool) error {
	image := j.Look.Repository.URI + ":" + tag
	if !own {
		if err := j.retag(ctx, image); err != nil {
			return err
		}
	}
	err := j.Docker.Push(ctx, image)
	if errors.Is(err, docker.ErrExpired) && slices.Contains(j.Steps, Login) {
		j.Talk.Say("the login has expired: logging in again")
		if _, err := j.logIn(ctx); err != nil {
			return err
		}
		err = j.Docker.Push(ctx, image)
	}
	var taken *docker.TakenError
	if errors.As(err, &taken) && !own {
		j.Talk.Say("%v: it stays where it is", err)
		return nil
	}
	return err
}

// retag looks whether the moving tag names this commit's image here: one of an
// earlier build must not be pushed under it.
func (j *Job) retag(ctx context.Context, image string) error {
	mine, err := j.Docker.Inspect(ctx, j.tagged())
	if err != nil {
		return err
	}
	moving, err := j.Docker.Inspect(ctx, image)
	if err != nil {
		return err
	}
	if moving.Revision != mine.Revision {
		return fmt.Errorf("%s is here the image of commit %.12s, not of %.12s: build again", image, moving.Revision, mine.Revision)
	}
	return nil
}

// DigestError says that the registry holds another image than was pushed.
type DigestError struct{ Image, Pushed, Holds string }

func (e *DigestError) Error() string {
	return fmt.Sprintf("%s: %s was pushed, and the registry holds %s: somebody else pushed meanwhile", e.Image, e.Pushed, e.Holds)
}

// seenTries is how often the registry is asked for an image that was pushed.
const seenTries = 5

// digest reads back from the registry what was pushed.
func (j *Job) digest(ctx context.Context) (string, error) {
	for try := 1; ; try++ {
		digest, err := j.Registry.Digest(ctx, j.Look.Repository.Name, j.Look.Tag)
		var missing *ecr.NotFoundError
		if errors.As(err, &missing) && try < seenTries {
			if err := sleep(ctx, time.Duration(try)*time.Second); err != nil {
				return "", err
			}
			continue
		}
		if err != nil {
			return "", err
		}
		found, err := j.Docker.Inspect(ctx, j.tagged())
		if err != nil {
			return "", err
		}
		if pushed := found.Digests[j.Look.Repository.URI]; pushed != "" && pushed != digest {
			return "", &DigestError{Image: j.tagged(), Pushed: pushed, Holds: digest}
		}
		return digest, nil
	}
}

func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

// Image is what the migration and the update run, and which that is in words:
// what was pushed; if nothing is pushed, this commit's image if the registry has
// it, else the deployed one.
func (j *Job) image() (image, words string) {
	switch {
	case j.Journal.Image != "":
		return j.Journal.Image, "the image that was pushed"
	case slices.Contains(j.Steps, Push):
		return "", "the image that is pushed"
	case j.Look.Pushed != "":
		return j.Look.Repository.URI + "@" + j.Look.Pushed, "the image of commit " + j.Look.Commit.Short() + ", which is in the registry"
	}
	return "", "the deployed image"
}

// deployed is the image that the service runs now.
func (j *Job) deployed() string {
	for _, c := range j.Look.Running.Containers() {
		if slices.Contains(j.Look.Containers, c.Name) {
			return c.Image
		}
	}
	return ""
}

// revision registers, once, the revision that the service is to run.
func (j *Job) revision(ctx context.Context) (string, error) {
	if j.Journal.Revision != "" {
		return j.Journal.Revision, nil
	}
	image, _ := j.image()
	next := j.next(image)
	if next == j.Look.Base {
		j.Journal.Revision = j.Look.Base.Name
		return j.Journal.Revision, j.Journal.Save()
	}
	name, err := j.Changes.Register(ctx, next)
	if err != nil {
		return "", err
	}
	j.Talk.Say("registered %s", name)
	j.Journal.Revision = name
	return name, j.Journal.Save()
}

// next is the revision that the service is to run: the base with the image,
// pinned by its digest; "" stands for the deployed one. It is the base itself if
// nothing differs.
func (j *Job) next(image string) *ecs.Definition {
	if image == "" {
		image = j.deployed()
	}
	if image == "" {
		return j.Look.Base
	}
	next := j.Look.Base.WithImage(image, j.Look.Containers)
	if len(ecs.Compare(j.Look.Base, next)) == 0 {
		return j.Look.Base
	}
	return next
}

// Show writes the plan: what is done, in which order, and why.
func (j *Job) Show(w io.Writer) error {
	n, look := j.Names, j.Look
	account := look.Identity.Account
	image, words := j.image()
	if image == "" && slices.Contains(j.Steps, Push) {
		image = j.Look.Repository.URI + "@(what is pushed)"
	}
	lines := []string{fmt.Sprintf("service %s in cluster %s, %s, account %s", n.Service, n.Cluster, n.Region, account)}
	if look.Commit.SHA != "" {
		lines = append(lines, "commit "+look.Commit.Short()+", image "+j.tagged())
	}
	for i, s := range Sorted(j.Steps) {
		what, why := j.line(s, words)
		lines = append(lines, fmt.Sprintf("%d. %-8s %s", i+1, s, what))
		if why != "" {
			lines = append(lines, strings.Repeat(" ", 12)+why)
		}
	}
	if j.touches() {
		for _, d := range ecs.Compare(look.Running, j.next(image)) {
			lines = append(lines, "   ~ "+d.String())
		}
	}
	_, err := io.WriteString(w, strings.Join(lines, "\n")+"\n")
	return err
}

// touches reports whether a revision of the service's is to be compared.
func (j *Job) touches() bool {
	return slices.Contains(j.Steps, Update) && j.Look.Running != nil && j.Look.Base != nil
}

// line says what a step does, and why then.
func (j *Job) line(s Step, image string) (what, why string) {
	look := j.Look
	switch s {
	case Login:
		return "log in to " + look.Repository.Host(), "the token is fetched when it is needed: it lasts twelve hours"
	case Build:
		if look.Pushed != "" {
			return "nothing: the image of this commit is in the registry", ""
		}
		builder := docker.Classic
		if look.Engine != nil {
			builder = look.Engine.Builder
		}
		return fmt.Sprintf("%s for %s, from %s", builder, look.Platform, j.Names.Dockerfile), ""
	case Push:
		if look.Pushed != "" {
			return "nothing: " + look.Repository.URI + "@" + look.Pushed + " is there", ""
		}
		tags := look.Tag
		if look.Moving != "" {
			tags += " and " + look.Moving
		}
		return "push " + tags + ", and read its digest back", "what follows runs that digest, whatever a tag says later"
	case Migrate:
		what = "run " + j.Names.MigrateTask
		if j.Names.MigrateCommand != nil {
			what = fmt.Sprintf("run the migrate command in %s", j.Names.TaskDefinition)
		}
		return what + " in " + image, "before the update, so that a failure leaves the service as it is; after the push, since the deployed image knows none of the new migrations"
	default:
		return "make the service run " + image + ", and wait until it does", ""
	}
}

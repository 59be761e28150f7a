// Package preflight looks at everything that a deployment depends on, all at once, before
// anything is changed.
// Whose a revision is stands in hci/internal/deploy/revisions; how a rollout ends in
// hci/internal/deploy/rollout.
package preflight

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"hci/internal/aws/client"
	"hci/internal/aws/ecr"
	"hci/internal/aws/ecs"
	"hci/internal/deploy/names"
	"hci/internal/deploy/revisions"
	"hci/internal/deploy/state"
	"hci/internal/deploy/words"
	"hci/internal/docker"
	"hci/internal/project"
)

// Cluster is where the service runs, to be looked at.
type Cluster interface {
	// State returns how the service stands; it fails with an [*ecs.NotFoundError]
	// if there is none.
	State(ctx context.Context) (*ecs.Service, error)
	revisions.Families
	// Running lists a family's one-off tasks that are under way.
	Running(ctx context.Context, family string) ([]ecs.Runs, error)
	// Digests are those of the images that a revision's containers run.
	Digests(ctx context.Context, revision string) (map[string]string, error)
}

// Registry is where images are pushed to.
type Registry interface {
	Repository(ctx context.Context, name string) (ecr.Repository, error)
	Digest(ctx context.Context, repository, tag string) (string, error)
	Token(ctx context.Context) (ecr.Token, error)
	// Tag makes a tag name the image with a digest.
	Tag(ctx context.Context, repository, digest, tag string) error
	// Join makes a tag name a list of images for several platforms, by their digests, and
	// returns the list's.
	Join(ctx context.Context, repository, tag string, digests, platforms []string) (string, error)
	// Platforms are those that the image with a digest is for.
	Platforms(ctx context.Context, repository, digest string) ([]string, error)
}

// Preflight is what is looked at before a deployment, all at once.
type Preflight struct {
	Env, Root string
	Names     names.Names
	Steps     []state.Step
	State     *state.Journal // what was asked for and, of a deployment that is resumed, done
	AtRest    bool           // look whether the service is, whatever the steps
	Force     bool           // go on although another deployment is under way
	Yes       bool           // nobody is asked
	Follows   bool           // another service's deployment chooses the image
	Wanted    Wanted         // image that is named

	Cluster  Cluster
	Registry Registry
	// RegistryOf is another account's or region's; nil if there is none.
	RegistryOf func(account, region string) Registry
	WhoAmI     func(context.Context) (client.Identity, error)
	Docker     func(context.Context) (*docker.Engine, error)
	Commit     func(context.Context) (project.Commit, error)
	// Secret looks whether what a valueFrom names has a current value.
	Secret func(context.Context, ecs.SecretRef) error
	// Full returns the names with the values of secrets, too; nil if they are not
	// needed.
	Full func(context.Context) (names.Names, error)
	// More are further looks.
	More []func(context.Context) []Finding
}

// ErrUnseen says that whether a secret has a value can't be seen.
var ErrUnseen = errors.New("whether it has a value is not known")

// Look is what was seen.
type Look struct {
	Identity   client.Identity
	Service    *ecs.Service
	Running    *ecs.Definition // that the service runs
	Base       *ecs.Definition // that the new revision is made from
	Own        *ecs.Deployment // that this deployment has started before, if the service has it
	Watch      bool            // that is under way: it is watched to its end, and nothing is changed
	Deployed   DeployedImages
	Migration  *ecs.Definition // of the migration's family, nil if it is the service's
	Composed   bool            // Migration is made of the code, and not registered
	Repository ecr.Repository
	Engine     *docker.Engine
	Commit     project.Commit
	Tag        string   // of this commit's image
	Given      string   // the image that the user named, by its digest where its registry tells it
	Pushed     string   // digest of that image, if the registry holds it and it is used again
	Moving     string   // the tag that moves, "" if it can't be pushed
	Containers []string // that run the image
	// MigrateContainer is the one whose exit code decides.
	MigrateContainer string
	Platform         string   // that the image is built for
	Platforms        []string // of the image that is there; nil for one that is not known
	Findings         []Finding
}

// looker collects what several goroutines find.
type looker struct {
	Preflight
	mu      sync.Mutex
	look    *Look
	expired error                   // AWS did not take the credentials
	away    error                   // AWS could not be reached
	foreign *revisions.ForeignError // no revision of the migration's family is this environment's

	images    map[string]string // that the service runs, where they may be needed
	imagesErr error
}

func (l *looker) found(level Level, about, next, format string, args ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	f := Finding{Level: level, About: about, Text: fmt.Sprintf(format, args...), Next: next}
	if !slices.Contains(l.look.Findings, f) {
		l.look.Findings = append(l.look.Findings, f)
	}
}

// failed notes what AWS did not answer. That the credentials are not taken is
// said once.
func (l *looker) failed(about string, err error) {
	if errors.Is(err, context.Canceled) {
		return
	}
	if errors.Is(err, client.ErrCredentials) {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.expired = err
		return
	}
	if unreachable(err) {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.away = err
		return
	}
	l.found(Problem, about, "", "%v", err)
}

// unreachable reports whether no answer came at all.
func unreachable(err error) bool {
	var network *net.OpError
	var lookup *net.DNSError
	return errors.As(err, &network) || errors.As(err, &lookup)
}

// needs reports whether one of the steps is to be done.
func (l *looker) needs(steps ...state.Step) bool {
	return slices.ContainsFunc(steps, func(s state.Step) bool { return slices.Contains(l.Steps, s) })
}

// Look looks at everything at once. The error is the context's.
func (p Preflight) Look(ctx context.Context) (*Look, error) {
	l := &looker{Preflight: p, look: &Look{Platform: p.Names.Platform}}
	var group sync.WaitGroup
	commit := make(chan struct{})
	group.Go(func() {
		defer close(commit)
		l.git(ctx)
	})
	group.Go(func() { l.identity(ctx) })
	if l.needs(state.Build, state.Push) {
		group.Go(func() { l.docker(ctx) })
	}
	if l.needs(state.Migrate, state.Update, state.MigrateAfter) {
		group.Go(func() { l.service(ctx) })
		group.Go(func() { l.migration(ctx) })
	}
	if l.AtRest {
		group.Go(func() { l.atRest(ctx) })
	}
	if !l.AtRest {
		group.Go(func() {
			<-commit
			found := l.search(ctx) // of the repository's name, which is known
			if l.Names.Repository != "" && l.repository(ctx) {
				l.image(ctx, found)
			} else {
				_, _, _ = found() // nothing goes on after the checks
			}
			if l.Wanted.Given() {
				l.wanted(ctx)
			}
		})
	}
	for _, more := range p.More {
		group.Go(func() {
			for _, f := range more(ctx) {
				l.found(f.Level, f.About, f.Next, "%s", f.Text)
			}
		})
	}
	group.Wait()
	if l.expired != nil {
		l.found(Problem, "aws", l.logIn(), "%v", l.expired)
	}
	if l.away != nil { // one line lost is one problem
		l.found(Problem, "aws", "check the network, a VPN, and AWS_ENDPOINT_URL", "AWS can't be reached: %v", l.away)
	}
	l.together(ctx)
	if l.look.Watch { // nothing is changed, so that nothing else stands in its way
		l.look.Findings = slices.DeleteFunc(l.look.Findings, func(f Finding) bool { return f.About != "aws" && f.About != "service" })
	}
	slices.SortStableFunc(l.look.Findings, byLevel)
	return l.look, ctx.Err()
}

func (l *looker) git(ctx context.Context) {
	c, err := l.Commit(ctx)
	if err != nil {
		if l.needs(state.Build, state.Push) {
			l.found(Problem, "git", "commit what is to be deployed", "%v, and images are named by their commit", err)
		}
		return
	}
	l.look.Commit = c
	l.look.Tag = "git-" + c.Short()
	l.dirty(c)
	if !c.Pushed && c.Remotes && l.needs(state.Build, state.Push, state.Migrate, state.Update, state.MigrateAfter) {
		l.found(Warning, "git", "", "commit %s is on no remote branch, as far as was fetched: nobody else can build it", c.Short())
	}
}

// dirty tells what becomes of changes that are not committed.
func (l *looker) dirty(c project.Commit) {
	if len(c.Dirty) == 0 {
		return
	}
	if l.State.Dirty {
		l.look.Tag += names.DirtyTag
	}
	switch {
	case !l.needs(state.Build, state.Push):
	case l.State.Dirty:
		l.found(Warning, "git", "", "the work tree differs from the commit (%s), so the image is tagged %s", words.Some(c.Dirty), l.look.Tag)
	case slices.Contains(c.Dirty, filepath.ToSlash(l.Names.Dockerfile)) && l.needs(state.Build):
		l.found(Warning, "git", "", "%s differs from the commit's, which is what is built from; --dirty builds from the work tree", l.Names.Dockerfile)
	default:
		l.found(Warning, "git", "", "the work tree differs from the commit (%s): the image is built from the commit, without that; --dirty builds from the work tree", words.Some(c.Dirty))
	}
}

func (l *looker) identity(ctx context.Context) {
	id, err := l.WhoAmI(ctx)
	if err != nil {
		l.failed("aws", err)
		return
	}
	l.look.Identity = id
	if l.Names.Account != "" && l.Names.Account != id.Account {
		l.found(Problem, "aws", l.logIn(), "the credentials are those of account %s (%s), and %s lies in %s", id.Account, id.ARN, l.Env, l.Names.Account)
	}
}

// logIn is how to get other credentials.
func (l *looker) logIn() string {
	if l.Names.Profile != "" {
		return "'aws sso login --profile " + l.Names.Profile + "' logs in"
	}
	return "log in first, for example with 'aws sso login'"
}

// together looks at what several answers say together.
func (l *looker) together(ctx context.Context) {
	look := l.look
	l.shared()
	l.compose(ctx)
	l.noImage()
	l.dockerfile()
	if look.Base != nil {
		l.containers()
		l.deployed()
		if l.needs(state.Migrations...) {
			l.migrates()
		}
		if !l.Names.PlatformKnown() {
			look.Platform = look.Base.Platform()
		} else if !builtFor(look.Platform, look.Base.Platform()) && l.needs(state.Build, state.Push) {
			l.found(Problem, "image", "make both say the same: runtime_platform in Terraform, platform in the deploy block of hci.hcl",
				"%s runs on %s, and the image is to be built for %s", look.Base.Name, look.Base.Platform(), look.Platform)
		}
	}
	for _, d := range []*ecs.Definition{look.Base, look.Migration} {
		if d != nil && (len(look.Platforms) > 0 || d != look.Base) { // of what is made for the service, the platform was looked at
			look.Findings = append(look.Findings, look.WrongPlatform(d, l.Env, l.needs(state.Build, state.Push))...)
		}
	}
	l.engine(ctx)
}

// engine looks whether the engine suits what is to be built, and has what is to be pushed.
func (l *looker) engine(ctx context.Context) {
	look := l.look
	if look.Engine == nil || look.Pushed != "" {
		return
	}
	if l.needs(state.Build) {
		if !allFor(look.Platform, look.Engine.Platform) {
			l.found(Warning, "docker", "", "the engine runs on %s: building for %s is emulated, and slow", look.Engine.Platform, look.Platform)
		}
		return
	}
	one := !strings.Contains(look.Platform, ",") // else there is one for each, of which the push tells
	if l.needs(state.Push) && one && look.Repository.URI != "" && look.Tag != "" {
		if _, err := look.Engine.OwnSession("", nil).Inspect(ctx, look.Repository.URI+":"+look.Tag); err != nil {
			l.found(Problem, "image", "'hci deploy build "+l.Env+"' builds it", "%v", err)
		}
	}
}

// shared tells what of this environment another one has, too.
func (l *looker) shared() {
	if !l.needs(state.Migrate, state.Update, state.MigrateAfter) {
		return
	}
	for _, env := range slices.Sorted(maps.Keys(l.Names.Others)) {
		shared := l.Names.Shared(l.Names.Others[env])
		for _, kind := range slices.Sorted(maps.Keys(shared)) {
			l.found(Warning, "terraform", "", "%s and %s share the %s %s: what is applied or deployed for one of them is the other's, too; ${terraform.workspace} in the name would tell them apart",
				l.Env, env, kind, words.Some(shared[kind]))
		}
	}
}

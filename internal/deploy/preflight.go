package deploy

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"hci/internal/awsapi"
	"hci/internal/docker"
	"hci/internal/ecr"
	"hci/internal/ecs"
	"hci/internal/project"
)

// Cluster is where the service runs, to be looked at.
type Cluster interface {
	// State returns how the service stands; it fails with an [*ecs.NotFoundError]
	// if there is none.
	State(ctx context.Context) (*ecs.Service, error)
	// Definition reads a revision; a family alone means its newest.
	Definition(ctx context.Context, id string) (*ecs.Definition, error)
	// Running lists a family's one-off tasks that are under way.
	Running(ctx context.Context, family string) ([]ecs.Runs, error)
}

// Registry is where images are pushed to.
type Registry interface {
	Repository(ctx context.Context, name string) (ecr.Repository, error)
	Digest(ctx context.Context, repository, tag string) (string, error)
	Token(ctx context.Context) (ecr.Token, error)
}

// Preflight is what is looked at before a deployment, all at once.
type Preflight struct {
	Env, Root string
	Names     Names
	Steps     []Step
	Rebuild   bool   // build even if the commit's image is there
	Displace  bool   // go on although another deployment is under way
	Base      string // revision that the new one is made from; "" chooses
	Own       Own    // of a deployment that is resumed

	Cluster  Cluster
	Registry Registry
	WhoAmI   func(context.Context) (awsapi.Identity, error)
	Docker   func(context.Context) (*docker.Engine, error)
	Commit   func(context.Context) (project.Commit, error)
	// Secret looks whether what a valueFrom names has a current value.
	Secret func(context.Context, ecs.SecretRef) error
	// More are further looks.
	More []func(context.Context) []Finding
}

// Own is what a deployment that is resumed has under way itself; StartedBy tells
// its one-off tasks.
type Own struct{ Deployment, Revision, StartedBy string }

// Look is what was seen.
type Look struct {
	Identity   awsapi.Identity
	Service    *ecs.Service
	Running    *ecs.Definition // that the service runs
	Base       *ecs.Definition // that the new revision is made from
	Migration  *ecs.Definition // of the migration's family, nil if it is the service's
	Repository ecr.Repository
	Engine     *docker.Engine
	Commit     project.Commit
	Tag        string   // of this commit's image
	Pushed     string   // digest of that image, if the registry holds it and it is used again
	Moving     string   // the tag that moves, "" if it can't be pushed
	Containers []string // that run the image
	Platform   string   // that the image is built for
	Findings   []Finding
}

// looker collects what several goroutines find.
type looker struct {
	Preflight
	mu   sync.Mutex
	look *Look
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
	if errors.Is(err, awsapi.ErrCredentials) || errors.Is(err, context.Canceled) {
		return
	}
	l.found(Problem, about, "", "%v", err)
}

// needs reports whether one of the steps is to be done.
func (l *looker) needs(steps ...Step) bool {
	return slices.ContainsFunc(steps, func(s Step) bool { return slices.Contains(l.Steps, s) })
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
	if l.needs(Build, Push) {
		group.Go(func() { l.docker(ctx) })
	}
	if l.needs(Migrate, Update) {
		group.Go(func() { l.service(ctx) })
		group.Go(func() { l.migration(ctx) })
	}
	if l.Names.Repository != "" {
		group.Go(func() {
			repository := l.repository(ctx)
			<-commit
			if repository {
				l.image(ctx)
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
	l.together(ctx)
	slices.SortStableFunc(l.look.Findings, byLevel)
	return l.look, ctx.Err()
}

func (l *looker) git(ctx context.Context) {
	c, err := l.Commit(ctx)
	if err != nil {
		if l.needs(Build, Push) {
			l.found(Problem, "git", "commit what is to be deployed", "%v, and images are named by their commit", err)
		}
		return
	}
	l.look.Commit = c
	l.look.Tag = "git-" + c.Short()
	if len(c.Dirty) > 0 {
		l.look.Tag += "-dirty"
		if l.needs(Build, Push) {
			l.found(Warning, "git", "", "the work tree differs from the commit (%s), so the image is tagged %s", some(c.Dirty), l.look.Tag)
		}
	}
	if !c.Pushed && c.Remotes && l.needs(Build, Push, Migrate, Update) {
		l.found(Warning, "git", "", "commit %s is on no remote branch, as far as was fetched: nobody else can build it", c.Short())
	}
}

// some names the first of several things.
func some(names []string) string {
	const shown = 3
	if len(names) <= shown {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:shown], ", "), len(names)-shown)
}

func (l *looker) identity(ctx context.Context) {
	id, err := l.WhoAmI(ctx)
	switch {
	case errors.Is(err, awsapi.ErrCredentials):
		l.found(Problem, "aws", l.logIn(), "%v", err)
		return
	case err != nil:
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

func (l *looker) docker(ctx context.Context) {
	e, err := l.Docker(ctx)
	var away *docker.UnreachableError
	switch {
	case errors.As(err, &away):
		l.found(Problem, "docker", away.Next(), "%v", err)
		return
	case errors.Is(err, docker.ErrNotInstalled):
		l.found(Problem, "docker", "install Docker, or leave out build and push: --steps migrate,update", "%v", err)
		return
	case err != nil:
		l.found(Problem, "docker", "", "%v", err)
		return
	}
	l.look.Engine = e
	if l.needs(Build) && e.Builder == docker.Classic {
		l.found(Note, "docker", "", "there is no buildx, neither as a plugin nor as docker-buildx: the classic builder builds")
	}
	if err := e.Helper(""); err != nil {
		level, next := Warning, "install it, or take credsStore out of that file"
		if !l.needs(Login) {
			level = Problem // the user's own configuration is used
		}
		l.found(level, "docker", next, "%v", err)
	}
	if !l.needs(Build) {
		return
	}
	if path := filepath.Join(l.Root, l.Names.Dockerfile); !isFile(path) {
		l.found(Problem, "image", "write one, or say where it is: dockerfile, in the deploy block of hci.hcl", "there is no %s", l.Names.Dockerfile)
	}
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

// service looks at the service, and at the revision that the new one is made
// from.
func (l *looker) service(ctx context.Context) {
	s, err := l.Cluster.State(ctx)
	var missing *ecs.NotFoundError
	if errors.As(err, &missing) {
		l.found(Problem, "service", "'hci tf "+l.Env+" apply' makes what Terraform declares", "%v", err)
		return
	}
	if err != nil {
		l.failed("service", err)
		return
	}
	l.look.Service = s
	var newest *ecs.Definition
	var newestErr error
	var group sync.WaitGroup
	family, _, _ := strings.Cut(s.Revision.Name, ":")
	group.Go(func() { newest, newestErr = l.Cluster.Definition(ctx, family) })
	running, err := l.Cluster.Definition(ctx, s.Revision.Name)
	group.Wait()
	if err != nil {
		l.failed("service", err)
		return
	}
	l.look.Running, l.look.Base = running, running
	l.steady(s, running)
	if l.Names.TaskDefinition != "" && l.Names.TaskDefinition != family {
		l.found(Warning, "service", "", "the service runs task definition %s, and the Terraform code says %s: %s is what is deployed", family, l.Names.TaskDefinition, family)
	}
	l.base(ctx, newest, newestErr)
	if l.look.Base != nil {
		l.secrets(ctx, l.look.Base)
	}
}

// steady looks whether the service runs what it is to run.
func (l *looker) steady(s *ecs.Service, running *ecs.Definition) {
	if s.Status != "" && s.Status != "ACTIVE" {
		l.found(Problem, "service", "", "the service is %s", strings.ToLower(s.Status))
	}
	p := s.Primary()
	switch {
	case p == nil:
	case p.Rollout == "IN_PROGRESS" && (p.ID == l.Own.Deployment || p.Revision == l.Own.Revision):
	case p.Rollout == "IN_PROGRESS":
		level, next := Conflict, "'hci deploy status "+l.Env+"' shows how it goes; --displace takes its place"
		if l.Displace {
			level, next = Warning, ""
		}
		l.found(level, "service", next, "another deployment is under way: %s, since %s%s; %d of %d tasks run",
			p.Revision, clock(p.Created), by(running), p.Running, p.Desired)
	case p.Rollout == ecs.RolloutFailed:
		l.found(Warning, "service", "", "the last deployment, of %s, failed: %s", p.Revision, p.Reason)
	case s.Running < s.Desired:
		l.found(Warning, "service", "", "%d of %d tasks run", s.Running, s.Desired)
	}
}

func clock(t *time.Time) string {
	if t == nil {
		return "a time that AWS doesn't tell"
	}
	return t.UTC().Format("2006-01-02 15:04:05 UTC")
}

// by says who registered a revision.
func by(d *ecs.Definition) string {
	if d == nil || d.RegisteredBy == "" {
		return ""
	}
	return ", registered by " + d.RegisteredBy
}

// base chooses the revision that the new one is made from: what runs, unless a
// newer revision, which then Terraform registered, says something else of more
// than images.
func (l *looker) base(ctx context.Context, newest *ecs.Definition, err error) {
	running := l.look.Running
	switch {
	case l.Base == "running":
		return
	case l.Base != "" && l.Base != "newest":
		chosen, err := l.Cluster.Definition(ctx, withFamily(l.Base, running.Family()))
		if err != nil {
			l.look.Base = nil
			l.failed("service", err)
			return
		}
		l.look.Base = chosen
		return
	case err != nil:
		l.failed("service", err)
		return
	case newest.Number() <= running.Number() || newest.Name == l.Own.Revision:
		return
	}
	differ := 0
	var what []string
	for _, d := range ecs.Compare(running, newest) {
		if !d.Image {
			differ++
			what = append(what, d.Path+" "+d.Words)
		}
	}
	if differ == 0 {
		if l.Base == "newest" {
			l.look.Base = newest
		}
		return
	}
	l.look.Base = newest
	if l.Base == "" {
		l.found(Warning, "service", "", "%s, registered %s%s, is newer than %s, which the service runs (%s): the new revision is made from it; --base running keeps what runs",
			newest.Name, clock(newest.Registered), byOther(newest), running.Name, some(what))
	}
}

func byOther(d *ecs.Definition) string {
	if d.RegisteredBy == "" {
		return ""
	}
	return " by " + d.RegisteredBy
}

// withFamily completes the number of a revision.
func withFamily(revision, family string) string {
	if strings.Contains(revision, ":") {
		return revision
	}
	return family + ":" + revision
}

// atOnce bounds how many secrets are looked at together.
const atOnce = 16

// secrets looks whether every secret of a definition has a current value.
func (l *looker) secrets(ctx context.Context, d *ecs.Definition) {
	slots := make(chan struct{}, atOnce)
	var group sync.WaitGroup
	seen := map[string]bool{}
	for _, c := range d.Containers() {
		for _, ref := range c.Secrets {
			if seen[ref.ValueFrom] {
				continue
			}
			seen[ref.ValueFrom] = true
			group.Go(func() {
				slots <- struct{}{}
				defer func() { <-slots }()
				if err := l.Secret(ctx, ref); err != nil && !errors.Is(err, awsapi.ErrCredentials) && ctx.Err() == nil {
					l.found(Problem, "secrets", "", "%s of container %s: %v", ref.Name, c.Name, err)
				}
			})
		}
	}
	group.Wait()
}

// migration looks at the migration's own task definition, and whether one is
// under way.
func (l *looker) migration(ctx context.Context) {
	if l.Names.MigrateTask == "" {
		return
	}
	var group sync.WaitGroup
	if l.needs(Migrate) && l.Names.MigrateCommand == nil {
		group.Go(func() {
			d, err := l.Cluster.Definition(ctx, l.Names.MigrateTask)
			var missing *ecs.NotFoundError
			if errors.As(err, &missing) {
				l.found(Problem, "service", "'hci tf "+l.Env+" apply' registers what Terraform declares", "%v", err)
				return
			}
			if err != nil {
				l.failed("service", err)
				return
			}
			l.look.Migration = d
			l.secrets(ctx, d)
		})
	}
	group.Go(func() {
		runs, err := l.Cluster.Running(ctx, l.Names.MigrateTask)
		if err != nil {
			l.failed("service", err)
			return
		}
		for _, r := range runs {
			if r.StartedBy == l.Own.StartedBy && r.StartedBy != "" {
				continue
			}
			l.found(Conflict, "service", "", "a one-off task of %s is under way since %s%s: task %s", r.Revision, clock(r.Since), startedBy(r), r.ID)
		}
	})
	group.Wait()
}

func startedBy(r ecs.Runs) string {
	if r.StartedBy == "" {
		return ""
	}
	return ", started by " + r.StartedBy
}

// repository looks the repository up; it reports whether it is there.
func (l *looker) repository(ctx context.Context) bool {
	repository, err := l.Registry.Repository(ctx, l.Names.Repository)
	var missing *ecr.NotFoundError
	switch {
	case errors.As(err, &missing) && l.needs(Login, Build, Push):
		l.found(Problem, "image", "'hci tf "+l.Env+" apply' makes what Terraform declares", "%v", err)
		return false
	case errors.As(err, &missing):
		return false
	case err != nil:
		l.failed("image", err)
		return false
	}
	l.look.Repository = repository
	return true
}

// image looks whether this commit's image is in the registry already.
func (l *looker) image(ctx context.Context) {
	repository := l.look.Repository
	l.look.Moving = l.Names.ImageTag
	if repository.Immutable && l.needs(Push) && !repository.Takes(l.Names.ImageTag) {
		var missing *ecr.NotFoundError
		if _, err := l.Registry.Digest(ctx, repository.Name, l.Names.ImageTag); !errors.As(err, &missing) {
			l.look.Moving = ""
			l.found(Note, "image", "", "repository %s is immutable, so the tag %s, which is there, stays where it is", repository.Name, l.Names.ImageTag)
		}
	}
	if l.look.Tag == "" {
		return
	}
	digest, err := l.Registry.Digest(ctx, repository.Name, l.look.Tag)
	var missing *ecr.NotFoundError
	dirty := len(l.look.Commit.Dirty) > 0
	switch {
	case errors.As(err, &missing):
	case err != nil:
		l.failed("image", err)
	case (dirty || l.Rebuild) && !repository.Takes(l.look.Tag) && l.needs(Push):
		l.found(Problem, "image", "commit the changes, so that the image has a tag of its own", "%s:%s is in the registry already, and its repository is immutable", repository.Name, l.look.Tag)
	case dirty || l.Rebuild:
	default:
		l.look.Pushed = digest
		if l.needs(Build, Push) {
			l.found(Note, "image", "", "the image of commit %s is in the registry already, so it is used again; --rebuild builds it anew", l.look.Commit.Short())
		}
	}
}

// together looks at what several answers say together.
func (l *looker) together(ctx context.Context) {
	look := l.look
	if look.Base != nil {
		l.containers()
		if l.Names.from["platform"] == "ECS's default" {
			look.Platform = look.Base.Platform()
		} else if look.Base.Platform() != look.Platform && l.needs(Build, Push) {
			l.found(Problem, "image", "make both say the same: runtime_platform in Terraform, platform in the deploy block of hci.hcl",
				"%s runs on %s, and the image is to be built for %s", look.Base.Name, look.Base.Platform(), look.Platform)
		}
	}
	if look.Engine != nil && l.needs(Build) && look.Pushed == "" && look.Engine.Platform != look.Platform {
		l.found(Warning, "docker", "", "the engine runs on %s: building for %s is emulated, and slow", look.Engine.Platform, look.Platform)
	}
	if look.Engine != nil && l.needs(Push) && !l.needs(Build) && look.Pushed == "" && look.Repository.URI != "" && look.Tag != "" {
		image := look.Repository.URI + ":" + look.Tag
		if _, err := look.Engine.OwnSession("", nil).Inspect(ctx, image); err != nil {
			l.found(Problem, "image", "'hci deploy build "+l.Env+"' builds it", "%v", err)
		}
	}
}

// containers finds those that run the image: all whose image lies in the
// repository, and the one that is named.
func (l *looker) containers() {
	var names []string
	for _, c := range l.look.Base.Containers() {
		if c.Name == l.Names.Container || l.look.Repository.URI != "" && RepositoryOf(c.Image) == l.look.Repository.URI {
			names = append(names, c.Name)
		}
	}
	if len(names) == 0 && len(l.look.Base.Containers()) == 1 {
		names = []string{l.look.Base.Containers()[0].Name}
	}
	l.look.Containers = names
	if len(names) == 0 {
		l.found(Problem, "service", "name one: container, in the deploy block of hci.hcl", "no container of %s runs an image of repository %s", l.look.Base.Name, l.Names.Repository)
	} else if l.Names.Container != "" && !slices.Contains(names, l.Names.Container) {
		l.found(Problem, "service", "", "%s has no container %q", l.look.Base.Name, l.Names.Container)
	}
}

// RepositoryOf is an image's name without tag and digest.
func RepositoryOf(image string) string {
	image, _, _ = strings.Cut(image, "@")
	if i := strings.LastIndexByte(image, ':'); i > strings.LastIndexByte(image, '/') {
		image = image[:i]
	}
	return image
}

package preflight

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"sync"

	"hci/internal/aws/client"
	"hci/internal/aws/ecs"
	"hci/internal/deploy/names"
	"hci/internal/deploy/revisions"
	"hci/internal/deploy/state"
	"hci/internal/deploy/words"
)

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
	group.Go(func() { newest, newestErr = revisions.OfSaying(l.Names, l.Cluster, l.skipped).Definition(ctx, family) })
	running, err := l.Cluster.Definition(ctx, s.Revision.Name)
	group.Wait()
	if err != nil {
		l.failed("service", err)
		return
	}
	l.look.Running = running
	if l.begun(s) {
		if newestErr == nil {
			l.after(ctx, running, newest)
		}
		return
	}
	l.look.Base = running
	if !l.needs(state.Push) && !l.Follows { // see [looker.deployed]
		group.Go(func() { l.images, l.imagesErr = revisions.Running(ctx, l.Cluster, running) })
		defer group.Wait()
	}
	l.steady(s, running)
	l.meanwhile(s, running)
	if l.Names.TaskDefinition != "" && l.Names.TaskDefinition != family {
		l.found(Warning, "service", "", "the service runs task definition %s, and the Terraform code says %s: %s is what is deployed", family, l.Names.TaskDefinition, family)
	}
	l.base(ctx, newest, newestErr)
	if (l.needs(state.Update) || l.Names.MigrateCommand != nil) && !l.State.Restart && l.look.Base != nil {
		l.fits(l.look.Base, "the service")
	}
	if l.look.Base != nil {
		l.secrets(ctx, l.look.Base)
	}
}

// atRest looks only whether a deployment is under way.
func (l *looker) atRest(ctx context.Context) {
	s, err := l.Cluster.State(ctx)
	if err != nil {
		l.failed("service", err)
		return
	}
	l.look.Service = s
	if p := s.Primary(); p == nil || p.Rollout != ecs.RolloutInProgress {
		return
	}
	running, err := l.Cluster.Definition(ctx, s.Revision.Name)
	if err != nil {
		l.failed("service", err)
		return
	}
	l.steady(s, running)
}

// begun looks for the deployment that an earlier run has started. It reports whether that
// is to be watched to its end. One that ECS has given up, and whose start nobody saw, is
// none to be watched.
func (l *looker) begun(s *ecs.Service) bool {
	own := l.State.Find(s)
	l.look.Own = own
	switch l.State.Phase {
	case state.RollingOut:
		l.look.Watch = !l.Force || own != nil && s.Primary() != nil && own.ID == s.Primary().ID
	case state.Updating:
		l.look.Watch = own != nil && own.Rollout != ecs.RolloutFailed
	}
	return l.look.Watch
}

// after tells what a rollout that is watched does not bring.
func (l *looker) after(ctx context.Context, running, newest *ecs.Definition) {
	than, err := revisions.Newer(ctx, revisions.Of(l.Names, l.Cluster), running, newest)
	if err == nil && than != nil {
		l.found(Warning, "service", "'hci deploy "+l.Env+"' after this deploys it", "%v", than)
	}
}

// meanwhile looks whether somebody else has changed the service since a deployment
// that is resumed began.
func (l *looker) meanwhile(s *ecs.Service, running *ecs.Definition) {
	p := s.Primary()
	if p == nil || l.State.Seen == "" || p.ID == l.State.Seen || l.look.Own != nil && p.ID == l.look.Own.ID {
		return
	}
	if !l.needs(state.Update) {
		l.found(Warning, "service", "", "somebody else has deployed %s since, at %s%s", p.Revision, words.Clock(p.Created), by(running))
		return
	}
	next := "'hci deploy " + l.Env + "' begins a new deployment; --force goes on with this one"
	switch back := p.Revision == l.State.Before; {
	case back && l.State.Phase == state.GoingBack:
		l.conflict(next, "this deployment was told to stop, and %s is what the service went back to, unless somebody else has deployed that since, at %s", p.Revision, words.Clock(p.Created))
	case back && l.State.Touched():
		l.conflict(next, "either ECS has rolled this deployment back, or somebody else has deployed %s since, at %s", p.Revision, words.Clock(p.Created))
	default:
		l.conflict(next, "somebody else has deployed %s since, at %s%s", p.Revision, words.Clock(p.Created), by(running))
	}
}

// conflict notes that somebody else is at the service, or a warning of that if it is
// to be gone over.
func (l *looker) conflict(next, format string, args ...any) {
	level := Conflict
	if l.Force {
		level, next = Warning, ""
	}
	l.found(level, "service", next, format, args...)
}

// steady looks whether the service runs what it is to run.
func (l *looker) steady(s *ecs.Service, running *ecs.Definition) {
	if s.Status != "" && s.Status != "ACTIVE" {
		l.found(Problem, "service", "", "the service is %s", strings.ToLower(s.Status))
	}
	if s.Controller != "" && s.Controller != "ECS" && l.needs(state.Update) {
		l.found(Problem, "service", "deploy it with that, or skip the update: --skip update", "its deployments are made by %s, and AWS refuses those of ECS, which hci makes", controllerWords(s.Controller))
	}
	if s.Desired == 0 {
		l.found(Warning, "service", "", "it is to run 0 tasks: nothing will serve")
	}
	switch p := s.Primary(); {
	case p == nil:
	case p.Rollout == ecs.RolloutInProgress:
		l.underWay(s, p, running)
	case p.Rollout == ecs.RolloutFailed:
		l.found(Warning, "service", "", "the last deployment, of %s, failed: %s", p.Revision, p.Reason)
	case s.Running < s.Desired:
		l.found(Warning, "service", "", "%d of %d tasks run", s.Running, s.Desired)
	}
}

// underWay tells of a deployment that is under way, unless it is this one's.
func (l *looker) underWay(s *ecs.Service, p *ecs.Deployment, running *ecs.Definition) {
	switch {
	case l.State.Phase == state.GoingBack && p.ID == l.State.Deployment:
		l.conflict("'hci deploy status "+l.Env+"' shows when it has; --force does not wait for it", "this deployment's own rollout, of %s, was told to stop, and the service has not gone back to %s yet", p.Revision, l.State.Before)
	case l.own(s, p):
	default:
		next := "'hci deploy status " + l.Env + "' shows how it goes; --force takes its place"
		if len(s.Deployments) == 1 && s.Running == 0 && p.Failed > 0 { // as Terraform leaves a new one whose image is not pushed yet
			next = "nothing of the service has run yet: for its first deployment, --force takes its place"
		}
		l.conflict(next, "another deployment is under way: %s, since %s%s; %d of %d tasks run",
			p.Revision, words.Clock(p.Created), by(running), p.Running, p.Desired)
	}
}

// own reports whether a deployment is this one's, or how ECS went back from it.
func (l *looker) own(s *ecs.Service, p *ecs.Deployment) bool {
	if own := l.State.Find(s); own != nil && own.ID == p.ID {
		return true
	}
	return !l.AtRest && l.State.Phase == state.Ended && p.ID == l.State.Seen && p.Revision == l.State.Before
}

// controllerWords names what makes a service's deployments.
func controllerWords(controller string) string {
	switch controller {
	case "CODE_DEPLOY":
		return "AWS CodeDeploy (deployment_controller in Terraform)"
	case "EXTERNAL":
		return "another program (deployment_controller in Terraform is EXTERNAL)"
	}
	return controller
}

// by says who registered a revision.
func by(d *ecs.Definition) string {
	if d == nil || d.RegisteredBy == "" {
		return ""
	}
	return ", registered by " + d.RegisteredBy
}

// base chooses the revision that the new one is made from: what runs, unless
// Terraform has registered a newer one that says something else of more than
// images.
func (l *looker) base(ctx context.Context, newest *ecs.Definition, newestErr error) {
	running := l.look.Running
	var foreign *revisions.ForeignError
	switch {
	case l.State.Base == state.BaseRunning, l.State.Restart:
		return
	case errors.As(newestErr, &foreign): // what runs is all there is
		return
	case newestErr != nil:
		l.failed("service", newestErr)
		return
	case len(revisions.Contradictions(l.Names, running)) > 0 && revisions.Whose(l.Names, running) != "" && newest.Name != running.Name:
		l.look.Base = newest // hci or somebody else has deployed another environment's
		l.found(Warning, "service", "", "%s, and runs: the new revision is made from %s", l.foreignWords(running, revisions.Contradictions(l.Names, running)), newest.Name)
		return
	}
	if l.State.Base == state.BaseNewest && newest.Number() > running.Number() {
		l.look.Base = newest
	}
	than, err := revisions.Newer(ctx, revisions.Of(l.Names, l.Cluster), l.look.Base, newest)
	switch {
	case err != nil:
		l.failed("service", err)
	case than != nil:
		l.look.Base = than.Newer
		keeps := "; --base running keeps what runs"
		if l.State.Begun() {
			keeps = ""
		}
		if l.State.Base == "" {
			l.found(Warning, "service", "", "%s: the new revision is made from it%s", than.Words(), keeps)
		}
	}
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
				err := l.Secret(ctx, ref)
				switch {
				case err == nil || ctx.Err() != nil:
				case errors.Is(err, client.ErrCredentials), unreachable(err):
					l.failed("secrets", err)
				case errors.Is(err, ErrUnseen):
					l.found(Warning, "secrets", "", "%s of container %s: %v", ref.Name, c.Name, err)
				default:
					l.found(Problem, "secrets", "", "%s of container %s: %v", ref.Name, c.Name, err)
				}
			})
		}
	}
	group.Wait()
}

// containers finds those that run the image: all whose image lies in the
// repository, and the one that is named.
func (l *looker) containers() {
	names := l.Names.Takers(l.look.Base, l.look.Repository.URI)
	for _, c := range l.look.Base.Containers() {
		if c.Name == l.Names.Container && !slices.Contains(names, c.Name) {
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

// DeployedImages are the images of this project that a service runs.
type DeployedImages struct {
	By  map[string]string // container: image, by its digest where AWS tells it
	One string            // that of all, or of the named container; "" if it is not known
}

// Of is the image that a container is to run, if it is to run what is deployed.
func (d DeployedImages) Of(container string) string {
	if image := d.By[container]; image != "" {
		return image
	}
	return d.One
}

// deployed finds the images that the service runs, where they will be needed.
func (l *looker) deployed() {
	if l.look.Running == nil || l.needs(state.Push) || l.Follows {
		return
	}
	images := l.images
	if l.imagesErr != nil {
		l.failed("service", l.imagesErr)
		return
	}
	d := DeployedImages{By: map[string]string{}}
	takers := l.Names.Takers(l.look.Running, l.look.Repository.URI)
	for name, image := range images {
		if slices.Contains(takers, name) || name == l.Names.Container || len(images) == 1 {
			d.By[name] = image
		}
	}
	d.One = d.By[l.Names.Container]
	if all := slices.Compact(slices.Sorted(maps.Values(d.By))); len(all) == 1 {
		d.One = all[0]
	}
	l.look.Deployed = d
	l.moving(images)
	if l.look.Pushed != "" || l.look.Given != "" || l.State.Restart || l.State.Words != "" || l.Follows {
		return
	}
	unknown := l.needs(state.Migrations...) && d.One == ""
	for _, name := range l.look.Containers {
		unknown = unknown || l.needs(state.Update) && d.Of(name) == ""
	}
	if unknown {
		l.found(Problem, "image", "build and push this commit's, or name the container: container, in the deploy block of hci.hcl",
			"which image is deployed, and would go on, is not known: %s runs %s", l.look.Running.Name, listed(images))
	}
}

// moving looks whether tasks would be started of whatever the moving tag names by
// then: of an image that was pushed, and perhaps never deployed.
func (l *looker) moving(images map[string]string) {
	if (l.look.Pushed != "" || l.look.Given != "") && !l.State.Restart || !l.needs(state.Migrations...) && !l.needs(state.Update) {
		return
	}
	if l.State.Restart { // which pins nothing
		images = map[string]string{}
		for _, c := range l.look.Running.Containers() {
			images[c.Name] = c.Image
		}
	}
	for _, name := range slices.Sorted(maps.Keys(images)) {
		image := images[name]
		if names.SameRepository(image, l.look.Repository.URI) && strings.TrimPrefix(image, names.RepositoryOf(image)) == ":"+l.Names.ImageTag {
			l.found(Warning, "image", "", "container %s of %s runs %s by its tag: the tasks that are started run what that names by then", name, l.look.Running.Name, image)
		}
	}
}

// listed are images by container, in words.
func listed(images map[string]string) string {
	var all []string
	for _, name := range slices.Sorted(maps.Keys(images)) {
		all = append(all, name+": "+images[name])
	}
	return strings.Join(all, ", ")
}

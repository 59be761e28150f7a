package revisions

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"hci/internal/aws/ecs"
	"hci/internal/deploy/names"
	"hci/internal/deploy/words"
	"hci/tfvars/module"
)

// Families are the families of task definitions, as ECS has them.
type Families interface {
	// Definition reads a revision; a family alone means its newest.
	Definition(ctx context.Context, id string) (*ecs.Definition, error)
	// Revisions lists the names of a family's active revisions, the newest first.
	Revisions(ctx context.Context, family string, n int) ([]string, error)
}

// Contradictions lists by name what of a revision is other than the Terraform code
// says for this environment: values, secrets, roles, log groups, repositories of
// images. What the code leaves open, or AWS does not have yet, contradicts nothing;
// nor does a family that the code does not declare.
func Contradictions(n names.Names, d *ecs.Definition) []string { return differs(n, d, true) }

func differs(n names.Names, d *ecs.Definition, images bool) []string {
	t := n.Declared(d.Family())
	if t == nil {
		return nil
	}
	var all []string
	task, execution := d.Roles()
	for _, role := range []struct{ name, want, is string }{{"the task role", t.TaskRole, task}, {"the execution role", t.ExecutionRole, execution}} {
		if role.want != "" && !strings.Contains(role.want, "${") && role.is != "" && role.want != role.is {
			all = append(all, role.name)
		}
	}
	for _, c := range d.Containers() {
		at := slices.IndexFunc(t.Containers, func(of module.Container) bool { return of.Name == c.Name })
		if at >= 0 {
			all = append(all, contradictions(t.Containers[at], c)...)
		}
		if at >= 0 && images && otherRepository(n, t, t.Containers[at], c.Image) {
			all = append(all, "the image repository of container "+c.Name)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

func contradictions(want module.Container, is ecs.Container) []string {
	var all []string
	for _, e := range want.Environment {
		at := slices.IndexFunc(is.Environment, func(v ecs.EnvVar) bool { return v.Name == e.Name })
		if e.Known && at >= 0 && !e.Value.Equal(is.Environment[at].Value) {
			all = append(all, e.Name)
		}
	}
	for _, s := range want.Secrets {
		at := slices.IndexFunc(is.Secrets, func(v ecs.SecretRef) bool { return v.Name == s.Name })
		names := namesSecret
		if s.Parameter {
			names = namesParameter
		}
		if at >= 0 && s.SecretName != "" && !names(is.Secrets[at].ValueFrom, s.SecretName) {
			all = append(all, s.Name)
		}
	}
	if want.Log.Group != "" && is.LogGroup != "" && want.Log.Group != is.LogGroup {
		all = append(all, "the log group of container "+is.Name)
	}
	return all
}

// otherRepository reports whether an image lies elsewhere than the code says.
func otherRepository(n names.Names, t *module.Task, want module.Container, image string) bool {
	repositories := repositoriesOf(n, t, want)
	return len(repositories) > 0 && !placeholder(image) && !slices.Contains(repositories, pathOf(image))
}

// repositoriesOf are the repositories that a declared container's image may lie in,
// without their registry's host; none if the code leaves that open.
func repositoriesOf(n names.Names, t *module.Task, c module.Container) []string {
	var all []string
	if name := n.Repositories[c.Repository]; name != "" {
		all = append(all, name)
	}
	if c.Image != "" && !placeholder(c.Image) {
		all = append(all, pathOf(c.Image))
	}
	if n.Repository != "" && n.Deploys(*t, c) && (len(all) > 0 || placeholder(c.Image)) {
		all = append(all, n.Repository)
	}
	return all
}

// placeholder reports whether an image's name is to be replaced before it is one.
func placeholder(image string) bool { return strings.ContainsAny(image, "<>${}") }

// pathOf is the name of an image's repository without its registry's host.
func pathOf(image string) string {
	host, path, ok := strings.Cut(names.RepositoryOf(image), "/")
	if !ok || !strings.ContainsAny(host, ".:") && host != "localhost" {
		return names.RepositoryOf(image)
	}
	return path
}

// namesSecret reports whether a valueFrom names a secret or parameter of a name. An
// ARN of a secret ends with six characters that AWS has added.
//
// https://docs.aws.amazon.com/secretsmanager/latest/userguide/whats-in-a-secret.html
func namesSecret(valueFrom, name string) bool {
	const fields, added = 8, len("-abcdef")
	parts := strings.SplitN(valueFrom, ":", fields)
	if len(parts) < fields-1 || parts[0] != "arn" || parts[2] != "secretsmanager" {
		return true // a parameter: its name is not known here
	}
	full := parts[fields-2]
	return full == name || len(full) == len(name)+added && strings.HasPrefix(full, name+"-")
}

// namesParameter reports whether a valueFrom is the name of a parameter, or its
// ARN, which doesn't tell whether the name begins with a slash.
func namesParameter(valueFrom, name string) bool {
	if strings.HasPrefix(valueFrom, "arn:") {
		_, end, ok := strings.Cut(valueFrom, ":parameter/")
		return ok && end == strings.TrimPrefix(name, "/")
	}
	return valueFrom == name
}

// ForeignError says that no active revision of a family is this environment's.
type ForeignError struct {
	Newest *ecs.Definition
	What   []string // contradicts the code
}

func (e *ForeignError) Error() string {
	return fmt.Sprintf("no active revision of %s is this environment's: in %s, %s contradict the Terraform code", e.Newest.Family(), e.Newest.Name, words.Some(e.What))
}

// ownDepth is how many of a family's revisions are read to find one that is this
// environment's.
const ownDepth = 50

// ownFamily is the cluster as this environment sees it: of a family's revisions it
// has those that do not contradict the code. A family that several environments share
// has others besides.
type ownFamily struct {
	Families
	n       names.Names
	skipped func(newest *ecs.Definition, what []string, own string) // may be nil
}

// Definition reads a revision. It fails with a [*ForeignError] if the family has none
// that is this environment's, and with an [*ecs.NotFoundError] for one that is not.
func (o ownFamily) Definition(ctx context.Context, id string) (*ecs.Definition, error) {
	newest, err := o.Families.Definition(ctx, id)
	if err != nil || !strings.Contains(id, ":") {
		return o.newest(ctx, newest, err)
	}
	if o.n.Shares(newest.Family()) && len(Contradictions(o.n, newest)) > 0 {
		return nil, &ecs.NotFoundError{What: fmt.Sprintf("task definition %q of this environment", id)}
	}
	return newest, nil
}

// newest is the newest revision of this environment's, of a family's newest.
func (o ownFamily) newest(ctx context.Context, newest *ecs.Definition, err error) (*ecs.Definition, error) {
	if err != nil {
		return nil, err
	}
	what := Contradictions(o.n, newest)
	if len(what) == 0 || !o.n.Shares(newest.Family()) {
		return newest, nil
	}
	names, err := o.Revisions(ctx, newest.Family(), ownDepth)
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		if name == newest.Name {
			continue
		}
		d, err := o.Families.Definition(ctx, name)
		var missing *ecs.NotFoundError
		if errors.As(err, &missing) || err == nil && (!d.Active() || len(Contradictions(o.n, d)) > 0) {
			continue
		}
		if err == nil && o.skipped != nil {
			o.skipped(newest, what, name)
		}
		return d, err
	}
	return nil, &ForeignError{Newest: newest, What: what}
}

// NewestOf is the newest revision that is this environment's, of a family's newest. It
// fails with a [*ForeignError].
func NewestOf(ctx context.Context, n names.Names, c Families, newest *ecs.Definition) (*ecs.Definition, error) {
	return ownFamily{c, n, nil}.newest(ctx, newest, nil)
}

// Of returns the cluster with the revisions of this environment only, of families
// that another environment shares.
func Of(n names.Names, c Families) Families { return OfSaying(n, c, nil) }

// OfSaying is [Of], and tells of a newest revision that is not this
// environment's: what of it contradicts the code, and which is taken in its place.
func OfSaying(n names.Names, c Families, skipped func(newest *ecs.Definition, what []string, own string)) Families {
	if n.AsDeclared {
		return c
	}
	return ownFamily{c, n, skipped}
}

// Whose names the other environment whose code a revision agrees with, but for its
// images, which deployments change; "" if none does, or several do.
func Whose(n names.Names, d *ecs.Definition) string {
	whose := ""
	for _, env := range slices.Sorted(maps.Keys(n.Others)) {
		if n.Others[env].Declared(d.Family()) == nil || len(differs(n.Others[env], d, false)) > 0 {
			continue
		}
		if whose != "" {
			return ""
		}
		whose = env
	}
	return whose
}

package revisions

import (
	"fmt"
	"slices"
	"strings"

	"hci/internal/aws/ecs"
	"hci/internal/deploy/names"
	"hci/tfvars/module"
)

// Composed is a one-off task's definition made of the Terraform code, where no
// revision of its family is this environment's.
type Composed struct {
	Definition *ecs.Definition
	Taken      []string // names whose values only AWS knows, taken from the running service
}

// UncomposedError says that a definition can't be made of the code: what of it only
// AWS knows, and the running service does not have.
type UncomposedError struct {
	Family  string
	Missing []string
}

func (e *UncomposedError) Error() string {
	return fmt.Sprintf("the code does not tell %s of %s, nor does the running service", strings.Join(e.Missing, ", "), e.Family)
}

// Compose makes the definition that the code declares for this environment of another
// environment's revision: all that differs between them comes from the code or, where
// only AWS knows it, from the revision that the service runs. It fails with an
// [*UncomposedError].
func Compose(n names.Names, other, running *ecs.Definition) (*Composed, error) {
	t := n.Declared(other.Family())
	c := &composer{n: n, running: running, service: n.Declared(running.Family())}
	if len(Contradictions(n, running)) > 0 {
		c.service = nil // it is no witness
	}
	f := ecs.Fields{Containers: map[string]ecs.ContainerFields{}, Tags: running.WithTag(markTag, "")}
	task, execution := running.Roles()
	for _, role := range []struct {
		to           *string
		name         string
		want, of, is string
	}{
		{&f.TaskRole, "the task role", t.TaskRole, c.role(func(s *module.Task) string { return s.TaskRole }), task},
		{&f.ExecutionRole, "the execution role", t.ExecutionRole, c.role(func(s *module.Task) string { return s.ExecutionRole }), execution},
	} {
		switch {
		case !strings.Contains(role.want, "${"):
			*role.to = role.want
		case role.want == role.of:
			*role.to = role.is
		default:
			c.missing = append(c.missing, role.name)
		}
	}
	for _, of := range other.Containers() {
		at := slices.IndexFunc(t.Containers, func(d module.Container) bool { return d.Name == of.Name })
		if at < 0 || t.Containers[at].Files {
			c.missing = append(c.missing, "container "+of.Name)
			continue
		}
		f.Containers[of.Name] = c.container(t.Containers[at], of)
	}
	if other.Holds("volumes") {
		c.missing = append(c.missing, "the volumes")
	}
	if len(c.missing) > 0 {
		return nil, &UncomposedError{Family: other.Family(), Missing: c.missing}
	}
	slices.Sort(c.taken)
	return &Composed{Definition: other.With(f), Taken: slices.Compact(c.taken)}, nil
}

type composer struct {
	n              names.Names
	running        *ecs.Definition
	service        *module.Task // as the code declares what runs; nil if that tells nothing
	taken, missing []string
}

func (c *composer) role(of func(*module.Task) string) string {
	if c.service == nil {
		return ""
	}
	return of(c.service)
}

func (c *composer) container(want module.Container, is ecs.Container) ecs.ContainerFields {
	f := ecs.ContainerFields{LogGroup: want.Log.Group}
	for _, e := range want.Environment {
		if e.Known {
			f.Environment = append(f.Environment, ecs.EnvVar{Name: e.Name, Value: e.Value})
			continue
		}
		if v, ok := c.value(e); ok {
			f.Environment, c.taken = append(f.Environment, v), append(c.taken, e.Name)
			continue
		}
		c.missing = append(c.missing, e.Name)
	}
	for _, s := range want.Secrets {
		if ref, ok := c.secret(s); ok {
			f.Secrets = append(f.Secrets, ref)
			continue
		}
		c.missing = append(c.missing, s.Name)
	}
	if want.Log.Group == "" && is.LogGroup != "" {
		c.missing = append(c.missing, "the log group of container "+is.Name)
	}
	return f
}

// value is the running service's of a variable that the code gives it alike.
func (c *composer) value(want module.EnvEntry) (ecs.EnvVar, bool) {
	if c.service == nil {
		return ecs.EnvVar{}, false
	}
	for _, of := range c.service.Containers {
		for _, e := range of.Environment {
			if e.Name != want.Name || e.Known || !slices.Equal(e.Awaits, want.Awaits) || !slices.Equal(e.Variables, want.Variables) || len(e.Awaits) == 0 {
				continue
			}
			for _, is := range c.running.Containers() {
				at := slices.IndexFunc(is.Environment, func(v ecs.EnvVar) bool { return v.Name == e.Name })
				if is.Name == of.Name && at >= 0 {
					return is.Environment[at], true
				}
			}
		}
	}
	return ecs.EnvVar{}, false
}

// secret is where the running service has a secret from that the code names.
func (c *composer) secret(want module.SecretRef) (ecs.SecretRef, bool) {
	if want.SecretName == "" || c.service == nil {
		return ecs.SecretRef{}, false
	}
	if want.Parameter {
		return c.parameter(want), true
	}
	const fields = 7 // of the ARN of a secret
	for _, is := range c.running.Containers() {
		for _, s := range is.Secrets {
			parts := strings.SplitN(s.ValueFrom, ":", fields+1)
			if len(parts) < fields || !namesSecret(s.ValueFrom, want.SecretName) || parts[2] != "secretsmanager" {
				continue
			}
			arn := strings.Join(parts[:fields], ":")
			if want.JSONKey+want.Stage+want.Version != "" {
				arn += ":" + want.JSONKey + ":" + want.Stage + ":" + want.Version
			}
			return ecs.SecretRef{Name: want.Name, ValueFrom: arn}, true
		}
	}
	return ecs.SecretRef{}, false
}

// parameter is where the running service has a parameter from that the code
// names, or else its name, which is enough in the task's own region.
//
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/secrets-envvar-ssm-paramstore.html
func (c *composer) parameter(want module.SecretRef) ecs.SecretRef {
	for _, is := range c.running.Containers() {
		for _, s := range is.Secrets {
			if namesParameter(s.ValueFrom, want.SecretName) {
				return ecs.SecretRef{Name: want.Name, ValueFrom: s.ValueFrom}
			}
		}
	}
	return ecs.SecretRef{Name: want.Name, ValueFrom: want.SecretName}
}

package ecs

import (
	"maps"
	"slices"
)

// Fields are what a copy of a definition gets in place of its own, see
// [Definition.With].
type Fields struct {
	Containers              map[string]ContainerFields // by name
	TaskRole, ExecutionRole string                     // ARNs; "" for none
	Tags                    *Definition                // whose tags it gets
}

// ContainerFields are a container's.
type ContainerFields struct {
	Environment []EnvVar
	Secrets     []SecretRef
	LogGroup    string // "" leaves it
}

// With returns a copy with other fields.
func (d *Definition) With(f Fields) *Definition {
	copied := *d
	copied.raw = maps.Clone(d.raw)
	for key, arn := range map[string]string{"taskRoleArn": f.TaskRole, "executionRoleArn": f.ExecutionRole} {
		delete(copied.raw, key)
		if arn != "" {
			copied.raw[key] = arn
		}
	}
	list, _ := d.raw["containerDefinitions"].([]any)
	list = slices.Clone(list)
	for i, item := range list {
		c, _ := item.(map[string]any)
		name, _ := c["name"].(string)
		if of, ok := f.Containers[name]; ok {
			list[i] = of.in(c)
		}
	}
	copied.raw["containerDefinitions"], copied.tags = list, nil
	if f.Tags != nil {
		copied.tags = f.Tags.tags
	}
	return &copied
}

// in is a container with the fields.
func (f ContainerFields) in(c map[string]any) map[string]any {
	c = maps.Clone(c)
	environment, secrets := []any{}, []any{}
	for _, e := range f.Environment {
		environment = append(environment, map[string]any{"name": e.Name, "value": e.Value.Reveal()})
	}
	for _, s := range f.Secrets {
		secrets = append(secrets, map[string]any{"name": s.Name, "valueFrom": s.ValueFrom})
	}
	c["environment"], c["secrets"] = environment, secrets
	log, _ := c["logConfiguration"].(map[string]any)
	if options, _ := log["options"].(map[string]any); options != nil && f.LogGroup != "" {
		options, log = maps.Clone(options), maps.Clone(log)
		options["awslogs-group"], log["options"] = f.LogGroup, options
		c["logConfiguration"] = log
	}
	return c
}

// Holds reports whether the definition has a member that is not empty: volumes.
func (d *Definition) Holds(member string) bool {
	switch v := d.raw[member].(type) {
	case nil:
		return false
	case []any:
		return len(v) > 0
	}
	return true
}

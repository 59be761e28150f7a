package deploy

import (
	"context"

	"hci/internal/aws/ecs"
	"hci/internal/deploy/revisions"
)

// register registers a revision, see [revisions.Register].
func (j *Job) register(ctx context.Context, next *ecs.Definition, anyway bool) (string, error) {
	name, err := revisions.Register(ctx, j.Names, j.Cluster, j.Changes, next, anyway)
	if name != "" {
		j.Talk.Say("registered %s", name)
	}
	return name, err
}

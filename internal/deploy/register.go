package deploy

import (
	"context"
	"errors"

	"hci/internal/aws/client"
	"hci/internal/aws/ecs"
	"hci/internal/deploy/revisions"
)

// register registers a revision that differs from an older one, whose name it
// still has, and marks it with its origin. It fails with a [*NewerError] if it
// lacks what somebody else has registered; chosen tells that it was meant to. Where
// hci may not tag it, a label is its mark.
//
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/supported-iam-actions-tagging.html
func (j *Job) register(ctx context.Context, next *ecs.Definition, chosen bool) (string, error) {
	own := revisions.Of(j.Names, j.Cluster)
	last, err := j.Cluster.Definition(ctx, next.Family())
	newest := last
	if err == nil && !j.Names.AsDeclared {
		newest, err = revisions.NewestOf(ctx, j.Names, j.Cluster, last)
	}
	var missing *ecs.NotFoundError
	var foreign *revisions.ForeignError
	switch {
	case errors.As(err, &missing) && chosen: // all are inactive
		last, newest, err = next, next, nil
	case errors.As(err, &foreign): // what is registered is this environment's first
		newest, err = next, nil
	}
	if err != nil {
		return "", err
	}
	known, err := revisions.Theirs(ctx, own, newest)
	if err != nil {
		return "", err
	}
	if !chosen {
		if err := j.complete(ctx, next, newest); err != nil {
			return "", err
		}
	}
	o, err := revisions.CheckedOrigin(ctx, own, next)
	if err != nil {
		return "", err
	}
	o.Known, o.After = max(known, o.From), max(last.Number(), next.Number())
	bare := next.WithTag(revisions.OriginTag, "").WithLabel(revisions.OriginTag, "")
	marked := bare.WithTag(revisions.OriginTag, o.String())
	name, err := j.Changes.Register(ctx, marked)
	if client.Code(err) == "AccessDeniedException" { // perhaps it is the tag that is denied
		marked = bare.WithLabel(revisions.OriginTag, o.String())
		name, err = j.Changes.Register(ctx, marked)
	}
	if err != nil {
		return "", err
	}
	j.Talk.Say("registered %s", name)
	if chosen {
		return name, nil
	}
	return name, j.complete(ctx, next, marked.Named(name))
}

// upToDate fails with a [*NewerError] if a revision that is to run lacks what
// somebody else has registered since.
func (j *Job) upToDate(ctx context.Context, d *ecs.Definition) error {
	newest, err := revisions.Of(j.Names, j.Cluster).Definition(ctx, d.Family())
	if foreign := (*revisions.ForeignError)(nil); errors.As(err, &foreign) { // nothing of this environment's is newer
		return nil
	}
	if err != nil {
		return err
	}
	return j.complete(ctx, d, newest)
}

// complete is upToDate of what the family's newest revision tells.
func (j *Job) complete(ctx context.Context, d, newest *ecs.Definition) error {
	than, err := revisions.Newer(ctx, revisions.Of(j.Names, j.Cluster), d, newest)
	if err != nil || than == nil {
		return err
	}
	return than
}

package revisions

import (
	"context"
	"errors"

	"hci/internal/aws/client"
	"hci/internal/aws/ecs"
	"hci/internal/deploy/names"
)

// Registrar registers revisions.
type Registrar interface {
	Register(ctx context.Context, d *ecs.Definition) (string, error)
}

// Register registers a revision that differs from an older one, whose name it still has,
// and marks it. It fails with a [*NewerError] if it lacks what somebody else has
// registered; if that was meanwhile, the name is returned with the error. With anyway it
// is meant to lack that. Where hci may not tag it, a label is its mark.
//
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/supported-iam-actions-tagging.html
func Register(ctx context.Context, n names.Names, all Families, to Registrar, next *ecs.Definition, anyway bool) (string, error) {
	last, newest, err := lastOf(ctx, n, all, next, anyway)
	if err != nil {
		return "", err
	}
	own := Of(n, all)
	from, err := madeFrom(ctx, own, next)
	if err != nil {
		return "", err
	}
	m := mark{from: from, through: from} // so that what it leaves out is looked for
	if !anyway {
		if err := UpToDate(ctx, n, all, next, newest); err != nil {
			return "", err
		}
		known, err := latest(ctx, own, newest)
		if err != nil {
			return "", err
		}
		m = mark{from: max(known, from), through: max(last.Number(), next.Number())}
	}
	bare := next.WithTag(markTag, "").WithLabel(markTag, "")
	marked := bare.WithTag(markTag, m.String())
	name, err := to.Register(ctx, marked)
	if client.Code(err) == "AccessDeniedException" { // perhaps it is the tag that is denied
		marked = bare.WithLabel(markTag, m.String())
		name, err = to.Register(ctx, marked)
	}
	if err != nil || anyway {
		return name, err
	}
	return name, UpToDate(ctx, n, all, next, marked.Named(name))
}

// lastOf are the newest revision of a family, and the newest that is this environment's.
func lastOf(ctx context.Context, n names.Names, all Families, next *ecs.Definition, anyway bool) (last, newest *ecs.Definition, err error) {
	last, err = all.Definition(ctx, next.Family())
	newest = last
	if err == nil && !n.AsDeclared {
		newest, err = NewestOf(ctx, n, all, last)
	}
	var missing *ecs.NotFoundError
	var foreign *ForeignError
	switch {
	case errors.As(err, &missing) && anyway: // all are inactive
		return next, next, nil
	case errors.As(err, &foreign): // what is registered is this environment's first
		return last, next, nil
	}
	return last, newest, err
}

// UpToDate fails with a [*NewerError] if a revision that is to run lacks what somebody
// else has registered since. The family's newest is read if it is nil.
func UpToDate(ctx context.Context, n names.Names, all Families, d, newest *ecs.Definition) error {
	own := Of(n, all)
	if newest == nil {
		var err error
		newest, err = own.Definition(ctx, d.Family())
		if foreign := (*ForeignError)(nil); errors.As(err, &foreign) { // nothing of this environment's is newer
			return nil
		}
		if err != nil {
			return err
		}
	}
	than, err := Newer(ctx, own, d, newest)
	if err != nil || than == nil {
		return err
	}
	return than
}

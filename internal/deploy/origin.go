package deploy

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"hci/internal/aws/client"
	"hci/internal/aws/ecs"
)

// originTag marks a revision that hci registered. Without that mark one that
// Terraform registered while hci made its own of an older would be lost for good:
// hci's would be the newest.
const originTag = "hci:made-from"

// origin is what a revision was made from, as revisions of its family.
type origin struct {
	From  int // one that hci did not make; only images differ from it
	Known int // the latest that hci did not make, then
	After int // the latest of all, then
}

// ownOrigin is that of a revision that hci did not make.
func ownOrigin(n int) origin { return origin{From: n, Known: n, After: n - 1} }

const originFormat = "from=%d known=%d after=%d"

func (o origin) String() string { return fmt.Sprintf(originFormat, o.From, o.Known, o.After) }

// originOf reads a revision's mark, which is a tag or, where hci may not tag, a
// label. One that has none, or that can't have been marked so, was not made by hci
// and is its own origin.
func originOf(d *ecs.Definition) (o origin, made bool) {
	n := d.Number()
	_, err := fmt.Sscanf(cmp.Or(d.Tag(originTag), d.Label(originTag)), originFormat, &o.From, &o.Known, &o.After)
	if err != nil || o.From < 1 || o.Known < o.From || o.After < o.Known || o.After >= n {
		return ownOrigin(n), false
	}
	return o, true
}

// numbered is the name of a revision.
func numbered(family string, number int) string { return fmt.Sprintf("%s:%d", family, number) }

// registered reads a revision of a family by its number; nil if it was withdrawn, or
// deleted after that.
func registered(ctx context.Context, c Cluster, family string, number int) (*ecs.Definition, error) {
	d, err := c.Definition(ctx, numbered(family, number))
	var missing *ecs.NotFoundError
	if errors.As(err, &missing) || err == nil && !d.Active() {
		return nil, nil
	}
	return d, err
}

// checkedOrigin is a revision's origin, unless its mark was copied together with it.
// One that hci registered follows the latest of then, or is like its origin.
func checkedOrigin(ctx context.Context, c Cluster, d *ecs.Definition) (origin, error) {
	o, _ := originOf(d)
	if o.After == d.Number()-1 {
		return o, nil
	}
	from, err := c.Definition(ctx, numbered(d.Family(), o.From))
	var missing *ecs.NotFoundError
	if errors.As(err, &missing) || err == nil && len(besidesImages(from, d)) > 0 {
		return ownOrigin(d.Number()), nil
	}
	return o, err
}

// theirs is the number of the latest revision, up to d, that hci did not make.
func theirs(ctx context.Context, c Cluster, d *ecs.Definition) (int, error) {
	o, err := checkedOrigin(ctx, c, d)
	if err != nil {
		return 0, err
	}
	for n := d.Number() - 1; n > o.After; n-- {
		between, err := registered(ctx, c, d.Family(), n)
		if err != nil {
			return 0, err
		}
		if between == nil {
			continue
		}
		other, err := checkedOrigin(ctx, c, between)
		if err != nil {
			return 0, err
		}
		if other.From == n {
			return n, nil
		}
		o.Known = max(o.Known, other.Known)
	}
	return o.Known, nil
}

// NewerError says that somebody has registered a revision of which more than images
// is missing in the one that is to run.
type NewerError struct {
	Newer *ecs.Definition
	Than  *ecs.Definition
	What  []string // is missing
}

func (e *NewerError) Error() string { return e.words() + ", and would not be what runs" }

func (e *NewerError) words() string {
	than := e.Than.Name
	if _, made := originOf(e.Than); made {
		than = "what " + than + " was made from"
	}
	return fmt.Sprintf("%s, registered %s%s, is newer than %s (%s)", e.Newer.Name, clock(e.Newer.Registered), byOther(e.Newer), than, some(e.What))
}

func byOther(d *ecs.Definition) string {
	if d.RegisteredBy == "" {
		return ""
	}
	return " by " + d.RegisteredBy
}

// newer looks whether a revision that hci did not make says something of more than
// images that d does not, and is newer than what d was made from; nil if not.
// newest is the family's.
func newer(ctx context.Context, c Cluster, d, newest *ecs.Definition) (*NewerError, error) {
	latest, err := theirs(ctx, c, newest)
	if err != nil {
		return nil, err
	}
	if o, err := checkedOrigin(ctx, c, d); err != nil || latest <= o.From {
		return nil, err
	}
	is := newest
	if latest != newest.Number() {
		is, err = registered(ctx, c, newest.Family(), latest)
	}
	if err != nil || is == nil || !is.Active() {
		return nil, err
	}
	what := besidesImages(d, is)
	if len(what) == 0 {
		return nil, nil
	}
	return &NewerError{Newer: is, Than: d, What: what}, nil
}

// differences are those of two revisions, without hci's marks.
func differences(was, is *ecs.Definition) []ecs.Difference {
	return slices.DeleteFunc(ecs.Compare(was, is), func(d ecs.Difference) bool { return strings.HasSuffix(d.Path, ".dockerLabels."+originTag) })
}

// besidesImages is what differs of two revisions, in words.
func besidesImages(was, is *ecs.Definition) []string {
	var what []string
	for _, d := range differences(was, is) {
		if !d.Image {
			what = append(what, d.Path+" "+d.Words)
		}
	}
	return what
}

// Current reads the revision of a family that a new one is to be made from: the
// newest, unless that is hci's and made without what somebody else registered.
func Current(ctx context.Context, c Cluster, family string) (*ecs.Definition, error) {
	newest, err := c.Definition(ctx, family)
	if err != nil {
		return nil, err
	}
	than, err := newer(ctx, c, newest, newest)
	if than != nil {
		return than.Newer, nil
	}
	return newest, err
}

// Declared reads the newest revision of a family that hci did not make, if it is
// still registered.
func Declared(ctx context.Context, c Cluster, family string) (*ecs.Definition, error) {
	newest, err := c.Definition(ctx, family)
	if err != nil {
		return nil, err
	}
	n, err := theirs(ctx, c, newest)
	if err != nil || n == newest.Number() {
		return newest, err
	}
	declared, err := registered(ctx, c, family, n)
	if err == nil && declared == nil {
		return newest, nil
	}
	return declared, err
}

// register registers a revision that differs from an older one, whose name it
// still has, and marks it with its origin. It fails with a [*NewerError] if it
// lacks what somebody else has registered; chosen tells that it was meant to. Where
// hci may not tag it, a label is its mark.
//
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/supported-iam-actions-tagging.html
func (j *Job) register(ctx context.Context, next *ecs.Definition, chosen bool) (string, error) {
	own := j.Names.Own(j.Cluster)
	last, err := j.Cluster.Definition(ctx, next.Family())
	newest := last
	if err == nil && !j.Names.asDeclared {
		newest, err = ownFamily{j.Cluster, j.Names, nil}.newest(ctx, last, nil)
	}
	var missing *ecs.NotFoundError
	var foreign *ForeignError
	switch {
	case errors.As(err, &missing) && chosen: // all are inactive
		last, newest, err = next, next, nil
	case errors.As(err, &foreign): // what is registered is this environment's first
		newest, err = next, nil
	}
	if err != nil {
		return "", err
	}
	known, err := theirs(ctx, own, newest)
	if err != nil {
		return "", err
	}
	if !chosen {
		if err := j.complete(ctx, next, newest); err != nil {
			return "", err
		}
	}
	o, err := checkedOrigin(ctx, own, next)
	if err != nil {
		return "", err
	}
	o.Known, o.After = max(known, o.From), max(last.Number(), next.Number())
	bare := next.WithTag(originTag, "").WithLabel(originTag, "")
	marked := bare.WithTag(originTag, o.String())
	name, err := j.Changes.Register(ctx, marked)
	if client.Code(err) == "AccessDeniedException" { // perhaps it is the tag that is denied
		marked = bare.WithLabel(originTag, o.String())
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
	newest, err := j.Names.Own(j.Cluster).Definition(ctx, d.Family())
	if foreign := (*ForeignError)(nil); errors.As(err, &foreign) { // nothing of this environment's is newer
		return nil
	}
	if err != nil {
		return err
	}
	return j.complete(ctx, d, newest)
}

// complete is upToDate of what the family's newest revision tells.
func (j *Job) complete(ctx context.Context, d, newest *ecs.Definition) error {
	than, err := newer(ctx, j.Names.Own(j.Cluster), d, newest)
	if err != nil || than == nil {
		return err
	}
	return than
}

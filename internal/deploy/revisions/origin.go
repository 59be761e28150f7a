// Package revisions tells whose a revision of a task definition is: this environment's or
// another's, Terraform's or hci's, and what a new one is made from.
// The names in the code that it is compared with come from hci/internal/deploy/names.
package revisions

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"hci/internal/aws/ecs"
	"hci/internal/deploy/words"
)

// originTag marks a revision that hci registered. Without that mark one that
// Terraform registered while hci made its own of an older would be lost for good:
// hci's would be the newest.
const OriginTag = "hci:made-from"

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
	_, err := fmt.Sscanf(cmp.Or(d.Tag(OriginTag), d.Label(OriginTag)), originFormat, &o.From, &o.Known, &o.After)
	if err != nil || o.From < 1 || o.Known < o.From || o.After < o.Known || o.After >= n {
		return ownOrigin(n), false
	}
	return o, true
}

// numbered is the name of a revision.
func numbered(family string, number int) string { return fmt.Sprintf("%s:%d", family, number) }

// registered reads a revision of a family by its number; nil if it was withdrawn, or
// deleted after that.
func registered(ctx context.Context, c Families, family string, number int) (*ecs.Definition, error) {
	d, err := c.Definition(ctx, numbered(family, number))
	var missing *ecs.NotFoundError
	if errors.As(err, &missing) || err == nil && !d.Active() {
		return nil, nil
	}
	return d, err
}

// checkedOrigin is a revision's origin, unless its mark was copied together with it.
// One that hci registered follows the latest of then, or is like its origin.
func CheckedOrigin(ctx context.Context, c Families, d *ecs.Definition) (origin, error) {
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
func Theirs(ctx context.Context, c Families, d *ecs.Definition) (int, error) {
	o, err := CheckedOrigin(ctx, c, d)
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
		other, err := CheckedOrigin(ctx, c, between)
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

func (e *NewerError) Error() string { return e.Words() + ", and would not be what runs" }

func (e *NewerError) Words() string {
	than := e.Than.Name
	if _, made := originOf(e.Than); made {
		than = "what " + than + " was made from"
	}
	return fmt.Sprintf("%s, registered %s%s, is newer than %s (%s)", e.Newer.Name, words.Clock(e.Newer.Registered), byOther(e.Newer), than, words.Some(e.What))
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
func Newer(ctx context.Context, c Families, d, newest *ecs.Definition) (*NewerError, error) {
	latest, err := Theirs(ctx, c, newest)
	if err != nil {
		return nil, err
	}
	if o, err := CheckedOrigin(ctx, c, d); err != nil || latest <= o.From {
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
func Differences(was, is *ecs.Definition) []ecs.Difference {
	return slices.DeleteFunc(ecs.Compare(was, is), func(d ecs.Difference) bool { return strings.HasSuffix(d.Path, ".dockerLabels."+OriginTag) })
}

// besidesImages is what differs of two revisions, in words.
func besidesImages(was, is *ecs.Definition) []string {
	var what []string
	for _, d := range Differences(was, is) {
		if !d.Image {
			what = append(what, d.Path+" "+d.Words)
		}
	}
	return what
}

// Current reads the revision of a family that a new one is to be made from: the
// newest, unless that is hci's and made without what somebody else registered.
func Current(ctx context.Context, c Families, family string) (*ecs.Definition, error) {
	newest, err := c.Definition(ctx, family)
	if err != nil {
		return nil, err
	}
	than, err := Newer(ctx, c, newest, newest)
	if than != nil {
		return than.Newer, nil
	}
	return newest, err
}

// Declared reads the newest revision of a family that hci did not make, if it is
// still registered.
func Declared(ctx context.Context, c Families, family string) (*ecs.Definition, error) {
	newest, err := c.Definition(ctx, family)
	if err != nil {
		return nil, err
	}
	n, err := Theirs(ctx, c, newest)
	if err != nil || n == newest.Number() {
		return newest, err
	}
	declared, err := registered(ctx, c, family, n)
	if err == nil && declared == nil {
		return newest, nil
	}
	return declared, err
}

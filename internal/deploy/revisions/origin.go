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

// markTag marks a revision that hci registered. Without that mark one that Terraform
// registered while hci made its own of an older would be lost for good: hci's would be
// the newest.
const markTag = "hci:made-from"

// mark is what hci notes of a revision that it registers, in numbers of the family: it
// was made from one that Terraform registered, and up to another there was none newer
// that it leaves out.
type mark struct{ from, through int }

func (m mark) String() string { return fmt.Sprintf("from=%d through=%d", m.from, m.through) }

// markOf reads a revision's mark, which is a tag or, where hci may not tag, a label. An
// earlier version noted the latest of Terraform's and the latest of all.
func markOf(d *ecs.Definition) (m mark, ok bool) {
	text := cmp.Or(d.Tag(markTag), d.Label(markTag))
	if _, err := fmt.Sscanf(text, "from=%d through=%d", &m.from, &m.through); err != nil {
		known := 0
		if _, err := fmt.Sscanf(text, "from=%d known=%d after=%d", &m.from, &known, &m.through); err != nil || known < m.from || m.through < known {
			return mark{}, false
		}
		if known > m.from {
			m.through = m.from
		}
	}
	return m, m.from >= 1 && m.through >= m.from && m.through < d.Number()
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

// hcis reports whether hci registered a revision: it has the mark, and differs from what
// it was made from in images only. A mark that was copied together with the rest says
// nothing of what was changed.
func hcis(ctx context.Context, c Families, d *ecs.Definition) (m mark, ok bool, err error) {
	if m, ok = markOf(d); !ok || m.through == d.Number()-1 {
		return m, ok, nil
	}
	from, err := c.Definition(ctx, numbered(d.Family(), m.from))
	var missing *ecs.NotFoundError
	if errors.As(err, &missing) || err == nil && len(besidesImages(from, d)) > 0 {
		return mark{}, false, nil
	}
	return m, true, err
}

// latest is the number of the latest revision, up to d, that hci did not register.
func latest(ctx context.Context, c Families, d *ecs.Definition) (int, error) {
	m, ok, err := hcis(ctx, c, d)
	if err != nil || !ok {
		return d.Number(), err
	}
	for n := d.Number() - 1; n > m.through; n-- {
		before, err := registered(ctx, c, d.Family(), n)
		if err != nil {
			return 0, err
		}
		if before != nil { // which tells of all before it
			known, err := latest(ctx, c, before)
			return max(known, m.from), err
		}
	}
	return m.from, nil
}

// madeFrom is the number of the revision that one was made from: of one that hci did not
// register, its own.
func madeFrom(ctx context.Context, c Families, d *ecs.Definition) (int, error) {
	m, ok, err := hcis(ctx, c, d)
	if !ok {
		return d.Number(), err
	}
	return m.from, err
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
	if _, made := markOf(e.Than); made {
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

// Newer looks whether a revision that hci did not make says something of more than
// images that d does not, and is newer than what d was made from; nil if not.
// newest is the family's.
func Newer(ctx context.Context, c Families, d, newest *ecs.Definition) (*NewerError, error) {
	number, err := latest(ctx, c, newest)
	if err != nil {
		return nil, err
	}
	if from, err := madeFrom(ctx, c, d); err != nil || number <= from {
		return nil, err
	}
	is := newest
	if number != newest.Number() {
		is, err = registered(ctx, c, newest.Family(), number)
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

// Differences are those of two revisions, without hci's marks.
func Differences(was, is *ecs.Definition) []ecs.Difference {
	return slices.DeleteFunc(ecs.Compare(was, is), func(d ecs.Difference) bool { return strings.HasSuffix(d.Path, ".dockerLabels."+markTag) })
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
	n, err := latest(ctx, c, newest)
	if err != nil || n == newest.Number() {
		return newest, err
	}
	declared, err := registered(ctx, c, family, n)
	if err == nil && declared == nil {
		return newest, nil
	}
	return declared, err
}

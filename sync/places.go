package sync

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
)

// ApplyAt carries out a plan whose secrets lie in several places, one place
// after the other, each on its own store. It checks the whole plan before the
// first write. Where one place's store can't be used any more, or the context
// ends, what is left of the plan is NotAttempted.
func ApplyAt(ctx context.Context, store func(place string) Store, p Plan, o ApplyOptions, report func(Outcome)) (Report, error) {
	if err := p.Check(o); err != nil {
		return Report{}, err
	}
	var all Report
	var errs []error
	for _, place := range p.places() {
		part := p.At(place)
		one := o
		if one.Only = part.named(o.Only); len(o.Only) > 0 && len(one.Only) == 0 {
			continue
		}
		done, err := Apply(ctx, store(place), part, one, report)
		all.Outcomes = append(all.Outcomes, done.Outcomes...)
		if err != nil && !slices.ContainsFunc(errs, func(e error) bool { return errors.Is(err, context.Canceled) && errors.Is(e, context.Canceled) }) {
			errs = append(errs, err)
		}
	}
	slices.SortStableFunc(all.Outcomes, func(x, y Outcome) int {
		return cmp.Or(strings.Compare(x.Name, y.Name), strings.Compare(x.Change.Place, y.Change.Place))
	})
	if len(errs) == 1 {
		return all, errs[0]
	}
	return all, errors.Join(errs...)
}

// places lists the places of a plan, sorted.
func (p Plan) places() []string {
	var all []string
	for _, c := range p.Changes {
		if !slices.Contains(all, c.Place) {
			all = append(all, c.Place)
		}
	}
	slices.Sort(all)
	return all
}

// named returns those of names that the plan has.
func (p Plan) named(names []string) []string {
	var all []string
	for _, name := range names {
		if slices.ContainsFunc(p.Changes, func(c Change) bool { return c.Name == name }) {
			all = append(all, name)
		}
	}
	return all
}

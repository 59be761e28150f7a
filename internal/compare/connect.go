package compare

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"

	"hci/sync"
	"hci/sync/awssm"
)

// Connect opens the places that the secrets are in, each once. A place that
// can't be opened keeps its own secrets back only; but where the code allows no
// account that the credentials are of, where there are no credentials, or where
// no place at all can be opened, that is the error.
func (s Session) Connect(ctx context.Context, d *Desired) error {
	d.targets, d.refused = map[string]*Target{}, map[string]error{}
	byIdentity := map[string]*Target{}
	for _, key := range slices.Sorted(maps.Keys(d.places)) {
		t, err := s.open(ctx, d.Env, d.Evaluated, d.places[key])
		var account *AccountError
		switch {
		case err == nil:
		case errors.As(err, &account) && account.ARN == "", errors.Is(err, awssm.ErrCredentials), ctx.Err() != nil:
			return err
		default:
			d.refused[key] = err
			continue
		}
		if same := byIdentity[t.identity]; same != nil {
			t = same
		}
		byIdentity[t.identity], d.targets[key] = t, t
	}
	if len(d.targets) == 0 && len(d.refused) > 0 {
		return d.refusals()
	}
	return d.twice()
}

// refusals joins why places were not opened, each reason once.
func (d *Desired) refusals() error {
	var all []error
	said := map[string]bool{}
	for _, key := range slices.Sorted(maps.Keys(d.refused)) {
		if err := d.refused[key]; !said[err.Error()] {
			said[err.Error()] = true
			all = append(all, err)
		}
	}
	return errors.Join(all...)
}

// twice fails if two declarations mean the same secret: their providers turned
// out to lead to the same place.
func (d *Desired) twice() error {
	type id struct {
		at   where
		name string
	}
	seen := map[id]sync.Want{}
	for _, w := range d.Wants {
		t := d.targets[w.Place]
		if t == nil {
			continue
		}
		key := id{t.where(), w.Name}
		if first, ok := seen[key]; ok {
			return &DuplicateNameError{Name: w.Name, First: first.Address, Second: w.Address}
		}
		seen[key] = w
	}
	return nil
}

// where is what makes two secrets of one name the same one.
type where struct {
	account, region, endpoint, identity string
	parameters                          bool
}

func (t *Target) where() where {
	w := where{account: t.Account, region: t.Region, endpoint: t.Endpoint, parameters: t.Parameters}
	if t.Account == "" {
		w.identity = t.identity
	}
	return w
}

// At returns the target of a [sync.Want]'s or a [sync.Change]'s place; nil if it
// was not opened.
func (d *Desired) At(place string) *Target { return d.targets[place] }

// Targets lists the places that were opened, each once, in the order of their
// keys.
func (d *Desired) Targets() []*Target {
	var all []*Target
	for _, key := range slices.Sorted(maps.Keys(d.targets)) {
		if t := d.targets[key]; !slices.Contains(all, t) {
			all = append(all, t)
		}
	}
	return all
}

// Read reads the secrets that are wanted. One in a place that was not opened
// can't be read, for the reason that that has.
func (d *Desired) Read(ctx context.Context) ([]sync.Held, error) {
	return d.each(ctx, d.Wants, func(t *Target, names []string) ([]sync.Held, error) { return t.Store.Read(ctx, names) })
}

// worthSharing is from how many secrets in a place on what a list tells of them is
// taken.
const worthSharing = 100

// facts are what is known at once of secrets in a place: from the list that is made
// anyhow, or one of their own.
func (t *Target) facts(ctx context.Context, names []string, lists scopeLists) (map[string]*sync.Facts, error) {
	shared, ok := lists[t]
	if !ok || len(names) <= worthSharing {
		return t.Store.Listing(ctx, names)
	}
	list, err := shared.list()
	var denied *sync.AccessError
	if errors.As(err, &denied) {
		return nil, nil
	}
	all := make(map[string]*sync.Facts, len(list))
	for _, l := range list {
		all[l.Name] = l.Facts
	}
	return all, err
}

// listings asks for the facts of many secrets at once, while other work goes on.
// Calling what it returns waits for them.
func (d *Desired) listings(ctx context.Context, lists scopeLists) func(held []sync.Held) error {
	type answer struct {
		place string
		facts map[string]*sync.Facts
		err   error
	}
	names := map[string][]string{}
	policies := map[string]bool{} // whose policy is asked for singly, and so the rest
	for _, w := range d.Wants {
		if d.targets[w.Place] != nil {
			names[w.Place] = append(names[w.Place], w.Name)
			policies[w.Name] = policies[w.Name] || w.Meta.Policy != ""
		}
	}
	answers := make(chan answer, len(names))
	for place, all := range names {
		go func() {
			facts, err := d.targets[place].facts(ctx, all, lists)
			answers <- answer{place, facts, err}
		}()
	}
	return func(held []sync.Held) error {
		facts := map[string]map[string]*sync.Facts{}
		for range names {
			a := <-answers
			if a.err != nil {
				return a.err
			}
			facts[a.place] = a.facts
		}
		for i, h := range held {
			if !policies[h.Name] {
				held[i].Facts = facts[h.Place][h.Name]
			}
		}
		return nil
	}
}

// freshen asks again of what a list told of secrets that are not in sync, or have
// labels that hci left behind: by it something may be written.
func (d *Desired) freshen(ctx context.Context, p sync.Plan) ([]sync.Held, error) {
	var stale []sync.Held
	for _, c := range p.Changes {
		if f := c.Held.Facts; f != nil && f.Listed && (c.Kind != sync.InSync || c.Held.Untidy()) {
			c.Held.Facts = nil
			stale = append(stale, c.Held)
		}
	}
	return stale, d.Inspect(ctx, stale)
}

// Inspect fills in what there is to know of secrets besides their values. The
// policy is asked for where one is declared.
func (d *Desired) Inspect(ctx context.Context, held []sync.Held) error {
	type id struct{ place, name string }
	policies := map[id]bool{}
	for _, w := range d.Wants {
		policies[id{w.Place, w.Name}] = w.Meta.Policy != ""
	}
	byPlace := map[string][]int{}
	for i, h := range held {
		byPlace[h.Place] = append(byPlace[h.Place], i)
	}
	for _, place := range slices.Sorted(maps.Keys(byPlace)) {
		t := d.targets[place]
		if t == nil {
			continue
		}
		part := make([]sync.Held, len(byPlace[place]))
		for i, at := range byPlace[place] {
			part[i] = held[at]
			if policies[id{place, part[i].Name}] && part[i].Facts == nil {
				part[i].Facts = &sync.Facts{Policy: new(string)}
			}
		}
		if err := t.Store.Inspect(ctx, part); err != nil {
			return err
		}
		for i, at := range byPlace[place] {
			held[at] = part[i]
		}
	}
	return nil
}

// ReadPrevious reads the values before the current ones likewise.
func (d *Desired) ReadPrevious(ctx context.Context, wants []sync.Want) ([]sync.Held, error) {
	return d.each(ctx, wants, func(t *Target, names []string) ([]sync.Held, error) { return t.Store.ReadPrevious(ctx, names) })
}

// ReadOf is Read of some of the secrets.
func (d *Desired) ReadOf(ctx context.Context, wants []sync.Want) ([]sync.Held, error) {
	return d.each(ctx, wants, func(t *Target, names []string) ([]sync.Held, error) { return t.Store.Read(ctx, names) })
}

func (d *Desired) each(ctx context.Context, wants []sync.Want, read func(t *Target, names []string) ([]sync.Held, error)) ([]sync.Held, error) {
	names := map[string][]string{}
	for _, w := range wants {
		names[w.Place] = append(names[w.Place], w.Name)
	}
	var all []sync.Held
	for _, place := range slices.Sorted(maps.Keys(names)) {
		t := d.targets[place]
		if t == nil {
			for _, name := range names[place] {
				all = append(all, sync.Held{Name: name, Place: place, Err: d.refused[place]})
			}
			continue
		}
		held, err := read(t, names[place])
		if err != nil {
			return nil, err
		}
		for i := range held {
			held[i].Place = place
		}
		all = append(all, held...)
	}
	return all, ctx.Err()
}

// StoreAt returns the store of a place, for [sync.ApplyAt].
func (d *Desired) StoreAt(place string) sync.Store {
	if t := d.targets[place]; t != nil {
		return t.Store
	}
	return refusedStore{d.refused[place]}
}

// Group is the part of a plan that is about one place in AWS.
type Group struct {
	Title string // "account 123456789012, eu-central-1"
	Plan  sync.Plan
}

// Groups parts a plan by where its secrets are, in the order of the places'
// keys. Places that were not opened are one group, the last. A place without a
// secret in the plan is there too, for its title.
func (d *Desired) Groups(p sync.Plan) []Group {
	targets := d.Targets()
	if len(targets) == 1 && len(d.refused) == 0 {
		return []Group{{Title: targets[0].String(), Plan: p}}
	}
	var all []Group
	of := map[*Target]int{}
	for _, t := range targets {
		of[t] = len(all)
		all = append(all, Group{Title: t.String()})
	}
	var refused sync.Plan
	for _, c := range p.Changes {
		t := d.targets[c.Place]
		if t == nil {
			refused.Changes = append(refused.Changes, c)
			continue
		}
		g := &all[of[t]].Plan
		g.Changes = append(g.Changes, c)
	}
	if len(refused.Changes) > 0 {
		all = append(all, Group{Title: "a place that is not known", Plan: refused})
	}
	return all
}

// Where says in which accounts and regions the secrets are: "account
// 123456789012, eu-central-1".
func (d *Desired) Where() string {
	var all []string
	for _, t := range d.Targets() {
		all = append(all, t.String())
	}
	return strings.Join(all, " and ")
}

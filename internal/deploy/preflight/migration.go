package preflight

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"hci/internal/aws/ecs"
	"hci/internal/deploy/revisions"
	"hci/internal/deploy/state"
	"hci/internal/deploy/words"
)

// migration looks at the migration's own task definition, and whether one is
// under way.
func (l *looker) migration(ctx context.Context) {
	if l.Names.MigrateTask == "" {
		return
	}
	var group sync.WaitGroup
	if l.needs(state.Migrations...) && (l.Names.MigrateCommand == nil || l.asked()) {
		group.Go(func() {
			d, err := l.migrationDefinition(ctx)
			var missing *ecs.NotFoundError
			var foreign *revisions.ForeignError
			switch {
			case errors.As(err, &missing):
				l.found(Problem, "service", "'hci tf "+l.Env+" apply' registers what Terraform declares", "%v", err)
				return
			case errors.As(err, &foreign): // see [looker.compose]
				l.mu.Lock()
				l.foreign = foreign
				l.mu.Unlock()
				return
			case err != nil:
				l.failed("service", err)
				return
			}
			l.fits(d, "a one-off task")
			l.look.Migration = d
			l.secrets(ctx, d)
		})
	}
	group.Go(func() {
		runs, err := l.Cluster.Running(ctx, l.Names.MigrateTask)
		if err != nil {
			l.failed("service", err)
			return
		}
		for _, r := range runs {
			if r.StartedBy == l.State.StartedBy() && r.StartedBy != "" {
				continue
			}
			level, next := Conflict, fmt.Sprintf("wait for its end, or end it: 'aws ecs stop-task --cluster %s --task %s'", l.Names.Cluster, r.ID)
			if !l.needs(state.Migrations...) {
				level, next = Warning, "" // it migrates, and nothing here does
			}
			l.found(level, "service", next, "a one-off task of %s is under way since %s%s: task %s", r.Revision, words.Clock(r.Since), StartedBy(r), r.ID)
		}
	})
	group.Wait()
}

// asked reports whether an earlier run has asked for the migration.
func (l *looker) asked() bool { return l.State.Phase == state.Migrating }

// migrationDefinition is what the migration runs: what was asked for, or else what a
// new one is made from.
func (l *looker) migrationDefinition(ctx context.Context) (*ecs.Definition, error) {
	if !l.asked() {
		return revisions.Current(ctx, revisions.OfSaying(l.Names, l.Cluster, l.skipped), l.Names.MigrateTask)
	}
	d, err := l.Cluster.Definition(ctx, l.State.Migration.Revision)
	if err != nil {
		return nil, err
	}
	own := revisions.Of(l.Names, l.Cluster)
	newest, err := own.Definition(ctx, d.Family())
	if foreign := (*revisions.ForeignError)(nil); errors.As(err, &foreign) { // it was asked for, and is what there is
		return d, nil
	}
	if err != nil {
		return nil, err
	}
	than, err := revisions.Newer(ctx, own, d, newest)
	if than != nil {
		l.found(Warning, "service", "", "%s: the migration was asked for before", than.Words())
	}
	return d, err
}

func StartedBy(r ecs.Runs) string {
	if r.StartedBy == "" {
		return ""
	}
	return ", started by " + r.StartedBy
}

// migrates looks whether the migration can run as it is declared.
func (l *looker) migrates() {
	d := l.look.Migration
	if l.Names.MigrateCommand != nil && !l.asked() {
		d = l.look.Base
	}
	if d == nil {
		return
	}
	var essential []string
	for _, c := range d.Containers() {
		if c.Essential {
			essential = append(essential, c.Name)
		}
	}
	takers := l.Names.Takers(d, l.look.Repository.URI)
	l.look.MigrateContainer = l.Names.MigrateContainer
	if l.asked() {
		l.look.MigrateContainer = l.State.Migration.Container
	}
	if l.look.MigrateContainer == "" && len(essential) == 1 {
		l.look.MigrateContainer = essential[0]
	}
	switch {
	case l.look.MigrateContainer == "":
		l.found(Problem, "service", "name one: migrate_container, in the deploy block of hci.hcl", "%s has several containers that are essential: %s", d.Name, strings.Join(essential, ", "))
	case !slices.ContainsFunc(d.Containers(), func(c ecs.Container) bool { return c.Name == l.look.MigrateContainer }):
		l.found(Problem, "service", "", "%s has no container %q", d.Name, l.look.MigrateContainer)
	case len(takers) == 0 && l.look.Repository.URI != "":
		l.found(Problem, "service", "give its container the image of the service's in Terraform, or name another task definition: migrate_task, in the deploy block of hci.hcl",
			"no container of %s runs the image that is deployed, nor one of repository %s", d.Name, l.Names.Repository)
	case len(essential) > 1:
		l.found(Warning, "service", "in Terraform, let only the migration's be essential",
			"several containers of %s are essential (%s): when one of them ends, ECS stops the migration", d.Name, strings.Join(essential, ", "))
	}
}

// skipped notes that a family's newest revision is not this environment's.
func (l *looker) skipped(newest *ecs.Definition, what []string, own string) {
	l.found(Warning, "service", "", "%s; the newest revision of %s is %s, which is taken", l.foreignWords(newest, what), l.Env, own)
}

// foreignWords says what a revision that contradicts the code looks like.
func (l *looker) foreignWords(d *ecs.Definition, what []string) string {
	text := fmt.Sprintf("%s contradicts the Terraform code of %s (%s)", d.Name, l.Env, words.Some(what))
	if whose := revisions.Whose(l.Names, d); whose != "" {
		text = fmt.Sprintf("%s is %s's: it contradicts the Terraform code of %s (%s)", d.Name, whose, l.Env, words.Some(what))
	}
	return text
}

// fits looks whether a revision that is to be run or copied is this environment's.
func (l *looker) fits(d *ecs.Definition, what string) {
	contradicts := revisions.Contradictions(l.Names, d)
	if len(contradicts) == 0 {
		return
	}
	words := l.foreignWords(d, contradicts)
	switch {
	case l.Names.AsDeclared:
		l.found(Warning, "service", "", "%s; --as-declared runs it as it is", words)
	case revisions.Whose(l.Names, d) != "":
		l.found(Problem, "service", "'hci tf "+l.Env+" apply' registers "+l.Env+"'s own; --as-declared runs this one as it is", "%s", words)
	default:
		l.found(Warning, "service", "'hci tf "+l.Env+" plan' shows what is not applied", "%s, and is run as %s all the same", words, what)
	}
}

// compose makes the migration's definition of the code, where no revision of its
// family is this environment's.
func (l *looker) compose(ctx context.Context) {
	if l.foreign == nil || l.look.Running == nil {
		return
	}
	text := l.foreignWords(l.foreign.Newest, l.foreign.What)
	next := "'hci tf " + l.Env + " apply' registers " + l.Env + "'s own; --as-declared runs the newest as it is"
	full := l.Names
	if l.Full != nil {
		var err error
		if full, err = l.Full(ctx); err != nil {
			l.found(Problem, "service", next, "%s, and its values can't be read: %v", text, err)
			return
		}
	}
	made, err := revisions.Compose(full, l.foreign.Newest, l.look.Running)
	if err != nil {
		l.found(Problem, "service", next, "%s, and no revision of the family is %s's: %v", text, l.Env, err)
		return
	}
	from := ""
	if len(made.Taken) > 0 {
		from = fmt.Sprintf("; %s from %s", words.Some(made.Taken), l.look.Running.Name)
	}
	l.found(Warning, "service", "", "%s, and no revision of the family is %s's: what the code declares is registered and run%s", text, l.Env, from)
	l.look.Migration, l.look.Composed = made.Definition, true
	l.secrets(ctx, made.Definition)
}

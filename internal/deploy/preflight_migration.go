package deploy

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"hci/internal/aws/ecs"
)

// migration looks at the migration's own task definition, and whether one is
// under way.
func (l *looker) migration(ctx context.Context) {
	if l.Names.MigrateTask == "" {
		return
	}
	var group sync.WaitGroup
	if l.needs(Migrate) && (l.Names.MigrateCommand == nil || l.Own.Migration != "") {
		group.Go(func() {
			d, err := l.migrationDefinition(ctx)
			var missing *ecs.NotFoundError
			if errors.As(err, &missing) {
				l.found(Problem, "service", "'hci tf "+l.Env+" apply' registers what Terraform declares", "%v", err)
				return
			}
			if err != nil {
				l.failed("service", err)
				return
			}
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
			if r.StartedBy == l.Own.StartedBy && r.StartedBy != "" {
				continue
			}
			level, next := Conflict, fmt.Sprintf("wait for its end, or end it: 'aws ecs stop-task --cluster %s --task %s'", l.Names.Cluster, r.ID)
			if !l.needs(Migrate) {
				level, next = Warning, "" // it migrates, and nothing here does
			}
			l.found(level, "service", next, "a one-off task of %s is under way since %s%s: task %s", r.Revision, clock(r.Since), startedBy(r), r.ID)
		}
	})
	group.Wait()
}

// migrationDefinition is what the migration runs: what was asked for, or else what a
// new one is made from.
func (l *looker) migrationDefinition(ctx context.Context) (*ecs.Definition, error) {
	if l.Own.Migration == "" {
		return Current(ctx, l.Cluster, l.Names.MigrateTask)
	}
	d, err := l.Cluster.Definition(ctx, l.Own.Migration)
	if err != nil {
		return nil, err
	}
	newest, err := l.Cluster.Definition(ctx, d.Family())
	if err != nil {
		return nil, err
	}
	than, err := newer(ctx, l.Cluster, d, newest)
	if than != nil {
		l.found(Warning, "service", "", "%s: the migration was asked for before", than.words())
	}
	return d, err
}

func startedBy(r ecs.Runs) string {
	if r.StartedBy == "" {
		return ""
	}
	return ", started by " + r.StartedBy
}

// migrates looks whether the migration can run as it is declared.
func (l *looker) migrates() {
	d := l.look.Migration
	if l.Names.MigrateCommand != nil && l.Own.Migration == "" {
		if d = l.look.Base; l.look.Next != nil {
			d = l.look.Next
		}
	}
	if d == nil {
		return
	}
	var essential, built []string
	for _, c := range d.Containers() {
		if c.Essential {
			essential = append(essential, c.Name)
		}
		if l.look.Repository.URI == "" || RepositoryOf(c.Image) == l.look.Repository.URI {
			built = append(built, c.Name)
		}
	}
	l.look.MigrateContainer = cmp.Or(l.Own.Container, l.Names.MigrateContainer)
	if l.look.MigrateContainer == "" && len(essential) == 1 {
		l.look.MigrateContainer = essential[0]
	}
	switch {
	case l.look.MigrateContainer == "":
		l.found(Problem, "service", "name one: migrate_container, in the deploy block of hci.hcl", "%s has several containers that are essential: %s", d.Name, strings.Join(essential, ", "))
	case !slices.ContainsFunc(d.Containers(), func(c ecs.Container) bool { return c.Name == l.look.MigrateContainer }):
		l.found(Problem, "service", "", "%s has no container %q", d.Name, l.look.MigrateContainer)
	case len(built) == 0:
		l.found(Problem, "service", "", "no container of %s runs an image of repository %s", d.Name, l.Names.Repository)
	case len(essential) > 1:
		l.found(Warning, "service", "in Terraform, let only the migration's be essential",
			"several containers of %s are essential (%s): when one of them ends, ECS stops the migration", d.Name, strings.Join(essential, ", "))
	}
}

package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"hci/internal/compare"
	"hci/internal/history"
	"hci/internal/project"
	"hci/sync"
)

func newAge(a *app) *cobra.Command {
	var limit string
	var asJSON, store bool
	cmd := &cobra.Command{
		Use:   "age ENV",
		Short: "Show since when each value has been what it is",
		Long: `Show, for each name in an environment's sealed file, the commit that gave it its
present value, and how old the value is. Renames and rekeys do not make a value
younger. Where older versions do not open, a value is "at least" that old. With
--store, also since when AWS holds its present value.

How old values may get stands in hci.hcl: rotate_after = "90d", or by name,
rotate_after = { db_password = "90d", "*" = "52w" }; --older-than says it for all.
Older ones, in git or in AWS, are findings: exit code 2.`,
		Args:              between(1, 1),
		ValidArgsFunction: a.envNames,
		RunE: func(cmd *cobra.Command, args []string) error {
			env, err := a.environment(args[0])
			if err != nil {
				return err
			}
			policy := env.RotateAfter
			if limit != "" {
				max, err := project.ParseAge(limit)
				if err != nil {
					return &usageError{cmd: cmd.CommandPath(), err: fmt.Errorf("--older-than: %w", err)}
				}
				policy = project.RotateAfter{"*": max}
			}
			report, err := a.ages(cmd.Context(), env, policy, store)
			if err != nil {
				return err
			}
			if asJSON {
				err = a.printJSON(report)
			} else {
				err = a.printAges(report)
			}
			if err == nil && report.tooOld() {
				return errDifferences
			}
			return err
		},
	}
	cmd.Flags().StringVar(&limit, "older-than", "", "report values older than `AGE`, such as 90d or 12w")
	cmd.Flags().BoolVar(&store, "store", false, "ask AWS, too, since when it holds each value")
	jsonFlag(cmd, &asJSON)
	return cmd
}

type ageReport struct {
	Schema      int       `json:"schema"`
	Environment string    `json:"environment"`
	Names       []nameAge `json:"names"`
}

type nameAge struct {
	Name   string     `json:"name"`
	Since  *time.Time `json:"since,omitempty"` // not set: not committed
	Commit string     `json:"commit,omitempty"`
	Author string     `json:"author,omitempty"`
	Exact  bool       `json:"exact"` // false: the value may be older
	Days   int        `json:"days"`
	TooOld bool       `json:"too_old"`
	Limit  int        `json:"limit_days,omitempty"` // how old it may get
	Store  *storeAge  `json:"store,omitempty"`      // with --store, where AWS has it
}

// storeAge is since when AWS holds the present value of a secret.
type storeAge struct {
	Secret string    `json:"secret"`
	Since  time.Time `json:"since"`
	Days   int       `json:"days"`
	TooOld bool      `json:"too_old"`
}

const day = 24 * time.Hour

// ages finds out how old the values of an environment are.
func (a *app) ages(ctx context.Context, env project.Environment, policy project.RotateAfter, store bool) (ageReport, error) {
	r := ageReport{Schema: 1, Environment: env.Name, Names: []nameAge{}}
	entries, versions, err := a.history(ctx, env)
	if err != nil {
		return r, err
	}
	content, err := a.files(env).OpenSealed(ctx, a.passphrase(env))
	if err != nil {
		return r, err
	}
	held := map[string]storeAge{}
	if store {
		if held, err = a.storeAges(ctx, env); err != nil {
			return r, err
		}
	}
	now, prints := time.Now(), versions.cache.Fingerprints(content.File)
	for _, name := range content.File.Names() {
		max := policy.Of(name)
		c, exact := history.Since(entries, name)
		row := nameAge{Name: name, Exact: exact, Limit: int(max / day)}
		if c.Hash != "" && inNewest(entries, name, prints[name]) {
			age := now.Sub(c.Time)
			row.Since, row.Commit, row.Author = &c.Time, c.Hash, c.Author
			row.Days, row.TooOld = int(age/day), max > 0 && age > max
		}
		if s, ok := held[name]; ok {
			age := now.Sub(s.Since)
			s.Days, s.TooOld = int(age/day), max > 0 && age > max
			row.Store = &s
		}
		r.Names = append(r.Names, row)
	}
	for _, name := range policy.Unknown(content.File.Names()) {
		a.sayf("rotate_after in hci.hcl names %q, which %s does not have%s", name, env.Name, didYouMean(name, content.File.Names()))
	}
	return r, nil
}

// storeAges asks AWS since when it holds the present value of each secret. A
// name that several secrets are made of is as old as the oldest.
func (a *app) storeAges(ctx context.Context, env project.Environment) (map[string]storeAge, error) {
	d, err := a.desired(ctx, env.Name, compare.Options{})
	if err != nil {
		return nil, err
	}
	if err := a.comparing().Find(ctx, d); err != nil {
		return nil, err
	}
	all := map[string]storeAge{}
	for _, w := range d.Wants {
		store, ok := d.StoreAt(w.Place).(sync.Versions)
		if !ok || w.Name == "" {
			continue
		}
		versions, err := store.Versions(ctx, w.Name)
		if errors.Is(err, sync.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		for i, v := range versions {
			if current := slices.Contains(v.Labels, "AWSCURRENT") || d.At(w.Place).Parameters && i == 0; !current {
				continue
			}
			for _, name := range w.Variables {
				if old, there := all[name]; !there || v.Made.Before(old.Since) {
					all[name] = storeAge{Secret: w.Name, Since: v.Made.UTC()}
				}
			}
		}
	}
	return all, nil
}

// inNewest reports whether the newest commit's version has the value. It does
// not where a name, or another value for it, was set and not committed yet.
func inNewest(entries []history.Entry, name, print string) bool {
	return len(entries) > 0 && entries[0].Version != nil && entries[0].Version.Prints[name] == print
}

func (r ageReport) tooOld() bool {
	for _, n := range r.Names {
		if n.TooOld || n.Store != nil && n.Store.TooOld {
			return true
		}
	}
	return false
}

func (a *app) printAges(r ageReport) error {
	width := 0
	for _, n := range r.Names {
		width = max(width, len(n.Name))
	}
	var b strings.Builder
	for _, n := range r.Names {
		text, sign := "not committed", " "
		if n.Since != nil {
			atLeast := ""
			if !n.Exact {
				atLeast = "at least "
			}
			text = fmt.Sprintf("%s%d days  since %s  %.7s  %s", atLeast, n.Days, n.Since.Local().Format("2006-01-02"), n.Commit, n.Author)
		}
		if n.Store != nil {
			text += fmt.Sprintf("  in AWS %d days (%s)", n.Store.Days, n.Store.Secret)
		}
		if n.TooOld || n.Store != nil && n.Store.TooOld {
			sign = "!"
			text += fmt.Sprintf("  older than %d days", n.Limit)
		}
		fmt.Fprintf(&b, "%s %-*s  %s\n", sign, width, n.Name, text)
	}
	return a.table(b.String())
}

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"hci/internal/compare"
	"hci/internal/project"
	"hci/sync"
)

func newStatus(a *app) *cobra.Command {
	var asJSON, strict bool
	var o compare.Options
	cmd := &cobra.Command{
		Use:   "status [ENV...]",
		Short: "Show all secrets in all environments, and which are in sync",
		Long: `Show one table: a row for each secret that the Terraform code declares, a column
for each environment, with how AWS Secrets Manager relates to the secrets file
and since when it holds its value (m minutes, h hours, d days, mo months,
y years). A dot stands where an environment doesn't declare the secret.

Without ENV, all environments that have a secrets file. Exit code 2 when
something differs.`,
		Args:              between(0, -1),
		ValidArgsFunction: a.envNames,
		RunE:              func(cmd *cobra.Command, args []string) error { return a.status(cmd.Context(), args, o, asJSON, strict) },
	}
	stateFlag(cmd, &o.State)
	strictFlag(cmd, &strict)
	jsonFlag(cmd, &asJSON)
	return cmd
}

// statusReport is the JSON form of the table.
type statusReport struct {
	Schema       int          `json:"schema"`
	Environments []planReport `json:"environments"`
}

func (a *app) status(ctx context.Context, names []string, o compare.Options, asJSON, strict bool) error {
	envs, err := a.environments(names, func(e project.Environment) bool { return hasSealed(e) || exists(e.Plain) }, "has a secrets file")
	if err != nil {
		return err
	}
	var failed []error
	var table statusTable
	report := statusReport{Schema: planSchema, Environments: []planReport{}}
	differs := false
	for _, env := range envs {
		c, err := a.compare(ctx, env.Name, o, false)
		if err != nil {
			failed = append(failed, of(env, err))
			continue
		}
		one := newPlanReport(c.Desired, c.Plan, false)
		for _, s := range a.shared(c.Desired) {
			a.sayf("%v", s)
			one.SharedWith = append(one.SharedWith, s.Other)
		}
		one.Differs = one.Differs || len(one.SharedWith) > 0
		differs = differs || c.Plan.Differs() || len(c.Nameless) > 0 || lacking(c, strict) || one.Differs
		table.add(c, time.Now())
		report.Environments = append(report.Environments, one)
	}
	if asJSON {
		err = a.printJSON(report)
	} else {
		var b strings.Builder
		if err = table.print(&b); err == nil {
			err = a.list(b.String())
		}
	}
	if err = errors.Join(append(failed, err)...); err == nil && differs {
		return errDifferences
	}
	return err
}

// statusTable is rows of cells, by address and environment.
type statusTable struct {
	envs   []string
	places []string // a line each
	rows   map[string]map[string]string
}

func (t *statusTable) add(c *compare.Comparison, now time.Time) {
	t.envs = append(t.envs, c.Env.Name)
	t.places = append(t.places, fmt.Sprintf("%s in workspace %s: %s", c.Env.Name, c.Env.Workspace, c.Env.WorkspaceWhy))
	for _, target := range c.Targets() {
		t.places = append(t.places, c.Env.Name+" in "+target.String())
	}
	if t.rows == nil {
		t.rows = map[string]map[string]string{}
	}
	set := func(address, cell string) {
		row := shortAddress(address)
		if t.rows[row] == nil {
			t.rows[row] = map[string]string{}
		}
		t.rows[row][c.Env.Name] = cell
	}
	for _, ch := range c.Plan.Changes {
		set(ch.Want.Address, cell(ch, now))
	}
	for _, address := range c.Nameless {
		set(address, "no name")
	}
}

// cell is a secret's state in a word or two, and its age.
func cell(c sync.Change, now time.Time) string {
	word := map[sync.Kind]string{
		sync.InSync: "in sync", sync.Add: "no value", sync.Missing: "missing", sync.Differs: "differs",
		sync.PendingDeletion: "deleted", sync.ValueUnknown: "unknown", sync.ValueIgnored: "ignored",
		sync.ValueUndeclared: "undeclared", sync.Unreadable: "unreadable", sync.Agrees: "agrees*", sync.PartDiffers: "differs",
		sync.Owned: map[sync.OwnerKind]string{sync.OwnerRotation: "rotated", sync.OwnerService: "managed", sync.OwnerPrimary: "replica"}[c.Owner().Kind],
	}[c.Kind]
	if c.Held.Changed.IsZero() {
		return word
	}
	return word + " " + age(now.Sub(c.Held.Changed))
}

// age is a duration in its largest unit.
func age(d time.Duration) string {
	const day = 24 * time.Hour
	switch {
	case d < time.Hour:
		return fmt.Sprintf("%dm", max(0, int(d/time.Minute)))
	case d < day:
		return fmt.Sprintf("%dh", int(d/time.Hour))
	case d < 60*day:
		return fmt.Sprintf("%dd", int(d/day))
	case d < 730*day:
		return fmt.Sprintf("%dmo", int(d/(30*day)))
	default:
		return fmt.Sprintf("%dy", int(d/(365*day)))
	}
}

// statusWidth is how wide the table may be.
const statusWidth = 80

// print writes as many environments side by side as fit, and the others below.
// A secret's address is cut in its middle where it is too long.
func (t *statusTable) print(w io.Writer) error {
	for _, place := range t.places {
		if _, err := fmt.Fprintln(w, place); err != nil {
			return err
		}
	}
	rows := slices.Sorted(maps.Keys(t.rows))
	longest := len("SECRET")
	for _, row := range rows {
		longest = max(longest, utf8.RuneCountInString(row))
	}
	first := min(longest, statusWidth/2)
	agrees := false
	for envs := t.envs; len(envs) > 0; {
		widths, n, total := []int{}, 0, first
		for _, env := range envs {
			width := t.width(env)
			if n > 0 && total+2+width > statusWidth {
				break
			}
			total, n = total+2+width, n+1
			widths = append(widths, width)
		}
		label := first
		if room := statusWidth - (total - first); room > first {
			label = min(longest, room)
		}
		if err := t.printPart(w, rows, envs[:n], widths, label); err != nil {
			return err
		}
		if envs = envs[n:]; len(envs) > 0 {
			if _, err := fmt.Fprintln(w); err != nil {
				return err
			}
		}
	}
	for _, row := range t.rows {
		for _, cell := range row {
			agrees = agrees || strings.HasPrefix(cell, "agrees*")
		}
	}
	if agrees {
		_, err := fmt.Fprintln(w, "* as far as the value is known; --state asks terraform for the rest")
		return err
	}
	return nil
}

// width is a column's.
func (t *statusTable) width(env string) int {
	width := utf8.RuneCountInString(env)
	for _, row := range t.rows {
		width = max(width, utf8.RuneCountInString(row[env]))
	}
	return width
}

func (t *statusTable) printPart(w io.Writer, rows, envs []string, widths []int, label int) error {
	line := func(first string, cells []string) error {
		var b strings.Builder
		fmt.Fprintf(&b, "%-*s", label, cut(first, label))
		for i, cell := range cells {
			fmt.Fprintf(&b, "  %-*s", widths[i], cell)
		}
		_, err := fmt.Fprintln(w, strings.TrimRight(b.String(), " "))
		return err
	}
	if err := line("SECRET", envs); err != nil {
		return err
	}
	for _, row := range rows {
		cells := make([]string, len(envs))
		for i, env := range envs {
			if cells[i] = t.rows[row][env]; cells[i] == "" {
				cells[i] = "."
			}
		}
		if err := line(row, cells); err != nil {
			return err
		}
	}
	return nil
}

// cut shortens a text to n characters, in its middle.
func cut(s string, n int) string {
	r := []rune(s)
	if len(r) <= n {
		return s
	}
	head := (n - 2) / 2
	return string(r[:head]) + ".." + string(r[len(r)-(n-2-head):])
}

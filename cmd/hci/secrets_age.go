package main

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"hci/internal/history"
	"hci/internal/project"
)

func newAge(a *app) *cobra.Command {
	var limit string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "age ENV",
		Short: "Show since when each value has been what it is",
		Long: `Show, for each name in an environment's sealed file, the commit that gave it its
present value, and how old the value is. Renames and rekeys do not make a value
younger. Where older versions do not open, a value is "at least" that old.

With --older-than, names whose value is older are findings: exit code 2.`,
		Example: `  hci secrets age production
  hci secrets age production --older-than 90d`,
		Args:              between(1, 1),
		ValidArgsFunction: a.envNames,
		RunE: func(cmd *cobra.Command, args []string) error {
			env, err := a.environment(args[0])
			if err != nil {
				return err
			}
			max, err := parseAge(limit)
			if err != nil {
				return &usageError{cmd: cmd.CommandPath(), err: fmt.Errorf("--older-than: %w", err)}
			}
			entries, err := a.history(cmd.Context(), env)
			if err != nil {
				return err
			}
			content, err := a.files(env).OpenSealed(cmd.Context(), a.passphrase(env))
			if err != nil {
				return err
			}
			report := newAgeReport(env, entries, content.File.Names(), max, time.Now())
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
	jsonFlag(cmd, &asJSON)
	return cmd
}

var agePattern = regexp.MustCompile(`^([0-9]{1,5})([dw])$`)

// parseAge reads a number of days or weeks; "" is no limit.
func parseAge(text string) (time.Duration, error) {
	if text == "" {
		return 0, nil
	}
	m := agePattern.FindStringSubmatch(text)
	if m == nil {
		return 0, fmt.Errorf("%q is no age: write days or weeks, such as 90d or 12w", text)
	}
	n, err := strconv.Atoi(m[1])
	if err != nil {
		return 0, err
	}
	day := 24 * time.Hour
	if m[2] == "w" {
		day *= 7
	}
	return time.Duration(n) * day, nil
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
}

func newAgeReport(env project.Environment, entries []history.Entry, names []string, max time.Duration, now time.Time) ageReport {
	r := ageReport{Schema: 1, Environment: env.Name, Names: []nameAge{}}
	for _, name := range names {
		c, exact := history.Since(entries, name)
		row := nameAge{Name: name, Exact: exact}
		if c.Hash != "" && inNewest(entries, name) {
			age := now.Sub(c.Time)
			row.Since, row.Commit, row.Author = &c.Time, c.Hash, c.Author
			row.Days, row.TooOld = int(age/(24*time.Hour)), max > 0 && age > max
		}
		r.Names = append(r.Names, row)
	}
	return r
}

// inNewest reports whether the newest commit's version has the name. It does
// not where a name was set and not committed yet.
func inNewest(entries []history.Entry, name string) bool {
	if len(entries) == 0 || entries[0].Version == nil {
		return false
	}
	_, there := entries[0].Version.Prints[name]
	return there
}

func (r ageReport) tooOld() bool {
	for _, n := range r.Names {
		if n.TooOld {
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
		line := fmt.Sprintf("  %-*s  not committed", width, n.Name)
		if n.Since != nil {
			atLeast, sign := "", " "
			if !n.Exact {
				atLeast = "at least "
			}
			if n.TooOld {
				sign = "!"
			}
			line = fmt.Sprintf("%s %-*s  %s%d days  since %s  %.7s  %s", sign, width, n.Name, atLeast, n.Days, n.Since.Local().Format("2006-01-02"), n.Commit, n.Author)
		}
		b.WriteString(line + "\n")
	}
	return a.table(b.String())
}

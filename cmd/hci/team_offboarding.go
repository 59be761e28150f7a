package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"hci/internal/history"
	"hci/internal/team"
)

func newTeamOffboarding(a *app) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "offboarding [NAME]",
		Short: "List unchanged values that people who left have seen",
		Long: `List, for everybody who was removed from the team (or NAME), the values that
the person could read and that are the same today. Rotate them. It is worked out
from git's history of .hci/members and of the sealed files.

Exit code 2 while there are any.`,
		Args: between(0, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			name := ""
			if len(args) == 1 {
				name = args[0]
			}
			left, err := a.departures(cmd.Context(), name)
			if err != nil {
				return err
			}
			report := offboardingReport{Schema: 1, Values: []seenValue{}}
			for _, d := range left {
				seen, err := a.seen(cmd.Context(), d)
				if err != nil {
					return err
				}
				report.Values = append(report.Values, seen...)
			}
			if asJSON {
				err = a.printJSON(report)
			} else {
				err = a.printOffboarding(report, len(left))
			}
			if err == nil && len(report.Values) > 0 {
				return errDifferences
			}
			return err
		},
	}
	jsonFlag(cmd, &asJSON)
	return cmd
}

// departure is a removal of a member.
type departure struct {
	member team.Member
	commit history.Commit
}

// departures finds, in git's history of .hci/members, who was removed, or lost
// an environment. Who was added again is listed only if the name was asked for.
func (a *app) departures(ctx context.Context, name string) ([]departure, error) {
	if _, err := a.project(); err != nil {
		return nil, err
	}
	log, err := history.Log(ctx, a.git, team.MembersFile)
	if err != nil {
		return nil, err
	}
	if len(log) == 0 {
		return nil, fmt.Errorf("%s is in no commit", team.MembersFile)
	}
	at := func(blob string) (team.Members, error) {
		if blob == "" {
			return nil, nil
		}
		data, err := history.Blob(ctx, a.git, blob)
		if err != nil {
			return nil, err
		}
		return team.ParseMembers(data)
	}
	now, err := at(log[0].Blob)
	if err != nil {
		return nil, err
	}
	var left []departure
	for _, c := range log {
		after, err := at(c.Blob)
		if err != nil {
			return nil, fmt.Errorf("commit %.7s: %w", c.Hash, err)
		}
		for _, parent := range c.Parents {
			before, err := at(parent)
			if err != nil {
				return nil, fmt.Errorf("commit %.7s: %w", c.Hash, err)
			}
			for _, m := range before {
				if d := lost(m, after, now, c); len(d.member.Environments) > 0 && (name == "" || name == m.Name) {
					left = append(left, d)
				}
			}
		}
	}
	if name != "" && len(left) == 0 {
		return nil, fmt.Errorf("nobody called %q was removed from %s", name, team.MembersFile)
	}
	return left, nil
}

// lost is what a member could open before a commit, and can open neither after
// it nor today.
func lost(m team.Member, after, now team.Members, c history.Commit) departure {
	m.Environments = slices.DeleteFunc(slices.Clone(m.Environments), func(env string) bool {
		for _, members := range []team.Members{after, now} {
			if still := members.Find(m.Name); still != nil && still.May(env) {
				return true
			}
		}
		return false
	})
	return departure{m, c}
}

type offboardingReport struct {
	Schema int         `json:"schema"`
	Values []seenValue `json:"values"`
}

type seenValue struct {
	Member      string    `json:"member"`
	Environment string    `json:"environment"`
	Name        string    `json:"name"`
	Since       time.Time `json:"since"`   // of the value
	Removed     time.Time `json:"removed"` // of the member
	Sure        bool      `json:"sure"`    // false: older versions did not open, the value may be newer than the removal
}

// seen lists the values of the environments that a member has seen and that are
// the same in the newest commit.
func (a *app) seen(ctx context.Context, d departure) ([]seenValue, error) {
	var all []seenValue
	for _, name := range d.member.Environments {
		env, err := a.environment(name)
		if err != nil {
			continue // the environment is gone
		}
		entries, err := a.history(ctx, env)
		if err != nil {
			return nil, err
		}
		if len(entries) == 0 || entries[0].Version == nil {
			return nil, fmt.Errorf("%s: the newest version does not open", name)
		}
		for _, secretName := range slices.Sorted(maps.Keys(entries[0].Version.Prints)) {
			c, exact := history.Since(entries, secretName)
			if exact && c.Time.After(d.commit.Time) {
				continue
			}
			all = append(all, seenValue{d.member.Name, name, secretName, c.Time, d.commit.Time, exact})
		}
	}
	return all, nil
}

func (a *app) printOffboarding(r offboardingReport, left int) error {
	var err error
	for _, v := range r.Values {
		sure := ""
		if !v.Sure {
			sure = "  (older versions do not open: it may be newer)"
		}
		_, werr := fmt.Fprintf(a.out, "%s  %s  %s  same since %s, removed %s%s\n", v.Member, v.Environment, v.Name,
			v.Since.Local().Format("2006-01-02"), v.Removed.Local().Format("2006-01-02"), sure)
		err = errors.Join(err, werr)
	}
	a.sayf("%d left; %s to rotate", left, plural(len(r.Values), "value"))
	return err
}

package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"hci/internal/history"
	"hci/internal/project"
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

// errNoMembers says that nobody can have left.
var errNoMembers = errors.New(team.MembersFile + " is in no commit")

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
		return nil, errNoMembers
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
	Removed     time.Time `json:"removed"` // of the member
	Sure        bool      `json:"sure"`    // false: the version that the member could read did not open
}

// seen lists the values that a member could read last, and that are the same in
// the sealed file now. Whether they were changed and changed back is no matter.
func (a *app) seen(ctx context.Context, d departure) ([]seenValue, error) {
	var all []seenValue
	for _, name := range d.member.Environments {
		env, err := a.environment(name)
		if err != nil || !exists(env.Sealed) {
			continue // the environment is gone
		}
		values, err := a.seenIn(ctx, env, d)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		all = append(all, values...)
	}
	return all, nil
}

func (a *app) seenIn(ctx context.Context, env project.Environment, d departure) ([]seenValue, error) {
	log, err := a.versionLog(ctx, env)
	if err != nil {
		return nil, err
	}
	blobs, err := a.heldBefore(ctx, d.commit, history.Paths(log))
	if err != nil {
		return nil, err
	}
	versions, err := a.versionsOf(ctx, env, blobs)
	if err != nil {
		return nil, err
	}
	now, err := a.files(env).OpenSealed(ctx, a.passphrase(env))
	if err != nil {
		return nil, err
	}
	prints := versions.cache.Fingerprints(now.File)
	known, sure := map[string]bool{}, true
	for _, blob := range blobs {
		v, err := versions.of(blob)
		if err != nil {
			sure = false
			continue
		}
		for _, print := range v.Prints { // a new name for it makes no new value
			known[print] = true
		}
	}
	var all []seenValue
	for _, name := range now.File.Names() {
		if known[prints[name]] || !sure {
			all = append(all, seenValue{d.member.Name, env.Name, name, d.commit.Time, known[prints[name]]})
		}
	}
	return all, nil
}

// heldBefore lists the versions of a file, by one of its paths, in the commits
// before another one.
func (a *app) heldBefore(ctx context.Context, c history.Commit, paths []string) ([]string, error) {
	parents, err := a.git(ctx, "rev-parse", c.Hash+"^@")
	if err != nil {
		return nil, err
	}
	return a.inTrees(ctx, strings.Fields(string(parents)), paths)
}

// inTrees lists the versions of a file, by one of its paths, in commits.
func (a *app) inTrees(ctx context.Context, commits, paths []string) ([]string, error) {
	var blobs []string
	for _, commit := range commits {
		out, err := a.git(ctx, append([]string{"--literal-pathspecs", "ls-tree", "-z", "--full-tree", commit, "--"}, paths...)...)
		if err != nil {
			return nil, err
		}
		for entry := range strings.SplitSeq(strings.TrimSuffix(string(out), "\x00"), "\x00") {
			if words := strings.Fields(entry); len(words) >= 3 && words[1] == "blob" && !slices.Contains(blobs, words[2]) {
				blobs = append(blobs, words[2])
			}
		}
	}
	return blobs, nil
}

// stillKnown are the values of an environment that people who left know.
// Without a team, nobody left.
func (a *app) stillKnown(ctx context.Context, env string) ([]seenValue, error) {
	t, err := a.team()
	if err != nil || !t.Has(env) {
		return nil, err
	}
	left, err := a.departures(ctx, "")
	if errors.Is(err, errNoMembers) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var all []seenValue
	for _, d := range left {
		if !d.member.May(env) {
			continue
		}
		d.member.Environments = []string{env}
		seen, err := a.seen(ctx, d)
		if err != nil {
			return nil, err
		}
		all = append(all, seen...)
	}
	return all, nil
}

// strikeOff tells, after a push, which values people who left still know.
func (a *app) strikeOff(ctx context.Context, env string) {
	seen, err := a.stillKnown(ctx, env)
	if err != nil {
		a.sayf("who left and knows which values could not be found out: %v", err)
		return
	}
	by := map[string][]string{}
	for _, v := range seen {
		by[v.Member] = append(by[v.Member], v.Name)
	}
	for _, member := range slices.Sorted(maps.Keys(by)) {
		a.sayf("%s, who left, still knows %s of %s: %s; what this push changed is off the list", member, plural(len(by[member]), "value"), env, strings.Join(by[member], ", "))
	}
}

func (a *app) printOffboarding(r offboardingReport, left int) error {
	var err error
	for _, v := range r.Values {
		sure := ""
		if !v.Sure {
			sure = "  (the version of that time does not open: it may have changed since)"
		}
		_, werr := fmt.Fprintf(a.out, "%s  %s  %s  same since %s, when the member was removed%s\n", v.Member, v.Environment, v.Name,
			v.Removed.Local().Format("2006-01-02"), sure)
		err = errors.Join(err, werr)
	}
	a.sayf("%d left; %s to rotate", left, plural(len(r.Values), "value"))
	return err
}

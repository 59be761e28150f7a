package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"hci/internal/history"
	"hci/internal/team"
)

func newTeamLog(a *app) *cobra.Command {
	var strict, asJSON bool
	cmd := &cobra.Command{
		Use:   "log",
		Short: "List who changed the team's files, and whether a member signed it",
		Long: `List the commits that changed .hci, the newest first: who was added or removed, and
whether the commit is signed by the SSH key of somebody who was a member before it.
Who may push can write into .hci; the key of a member is what he does not have.

Commits are signed with 'git config gpg.format ssh', 'git config user.signingKey
~/.ssh/id_ed25519' and 'git config commit.gpgSign true'. The signature is checked
against the members' keys in the commits before, back to the first, whose own
members count. Members with a key of age or KMS can't sign.

With --strict, exit code 2 if a commit is not signed by a member.`,
		Args: between(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			report, err := a.teamLog(cmd.Context())
			if err != nil {
				return err
			}
			if asJSON {
				err = a.printJSON(report)
			} else {
				err = a.printTeamLog(report)
			}
			if err == nil && strict && slices.ContainsFunc(report.Commits, func(c teamChange) bool { return c.SignedBy == "" }) {
				return errDifferences
			}
			return err
		},
	}
	cmd.Flags().BoolVar(&strict, "strict", false, "exit code 2 if a commit is not signed by a member")
	jsonFlag(cmd, &asJSON)
	return cmd
}

type teamLogReport struct {
	Schema  int          `json:"schema"`
	Commits []teamChange `json:"commits"`
}

type teamChange struct {
	Commit   string    `json:"commit"`
	Date     time.Time `json:"date"`
	Author   string    `json:"author"`
	Changes  []string  `json:"changes"`   // in words; empty: only the encrypted files
	SignedBy string    `json:"signed_by"` // the member; "" for none
	Problem  string    `json:"problem,omitempty"`
}

// teamLog reads git's history of the team's files.
func (a *app) teamLog(ctx context.Context) (teamLogReport, error) {
	r := teamLogReport{Schema: 1, Commits: []teamChange{}}
	if _, err := a.project(); err != nil {
		return r, err
	}
	prefix, err := a.git(ctx, "rev-parse", "--show-prefix")
	if err != nil {
		return r, err
	}
	path := strings.TrimSuffix(string(prefix), "\n") + team.MembersFile
	out, err := a.git(ctx, "log", "--full-history", "--no-color", "-z", "--format=%H%x00%P%x00%aI%x00%an", "--", team.Dir)
	if err != nil {
		return r, err
	}
	fields := strings.Split(strings.TrimSuffix(string(out), "\x00"), "\x00")
	if len(fields) < 4 {
		return r, errNoMembers
	}
	for f := range slices.Chunk(fields, 4) {
		if len(f) != 4 {
			return r, errors.New("git's log can't be read")
		}
		at, err := time.Parse(time.RFC3339, f[2])
		if err != nil {
			return r, err
		}
		c := teamChange{Commit: f[0], Date: at, Author: f[3], Changes: []string{}}
		after, err := a.membersAt(ctx, f[0], path)
		if err != nil {
			return r, err
		}
		var parents []team.Members // that have a list
		for _, parent := range strings.Fields(f[1]) {
			before, err := a.membersAt(ctx, parent, path)
			if err != nil {
				return r, err
			}
			if len(before) > 0 {
				parents = append(parents, before)
			}
		}
		oldest := len(r.Commits) == len(fields)/4-1
		if c.Changes = append(c.Changes, changesOf(parents, after)...); len(parents) == 0 && oldest {
			parents = []team.Members{after} // whom the first names is whom it trusts
		}
		if c.SignedBy, c.Problem, err = a.signedBy(ctx, f[0], parents); err != nil {
			return r, err
		}
		r.Commits = append(r.Commits, c)
	}
	return r, nil
}

// changesOf is what became of the members: of a merge, what differs from each
// parent.
func changesOf(parents []team.Members, after team.Members) []string {
	if len(parents) == 0 {
		return team.Differences(nil, after)
	}
	all := team.Differences(parents[0], after)
	for _, before := range parents[1:] {
		here := team.Differences(before, after)
		all = slices.DeleteFunc(all, func(text string) bool { return !slices.Contains(here, text) })
	}
	return all
}

// signedBy is the member whose key signed a commit: a member in each of the lists
// before it. A branch that begins with a list of its own so has no say.
func (a *app) signedBy(ctx context.Context, commit string, before []team.Members) (member, problem string, err error) {
	raw, err := a.git(ctx, "cat-file", "commit", commit)
	if err != nil {
		return "", "", err
	}
	key, err := team.Signer(raw)
	if err != nil {
		return "", err.Error(), nil
	}
	if len(before) == 0 {
		return "", "begins a list of members of its own", nil
	}
	for _, members := range before {
		m := members.ByKey(key)
		if m == nil {
			return "", "signed by a key that was no member's", nil
		}
		member = m.Name
	}
	return member, "", nil
}

// membersAt are the members in a commit. A list that can't be read names nobody.
func (a *app) membersAt(ctx context.Context, commit, path string) (team.Members, error) {
	blobs, err := a.inTrees(ctx, []string{commit}, []string{path})
	if err != nil || len(blobs) == 0 {
		return nil, err
	}
	data, err := history.Blob(ctx, a.git, blobs[0])
	if err != nil {
		return nil, err
	}
	members, err := team.ParseMembers(data)
	if err != nil {
		return nil, nil
	}
	return members, nil
}

func (a *app) printTeamLog(r teamLogReport) error {
	var b strings.Builder
	for _, c := range r.Commits {
		what := strings.Join(c.Changes, ", ")
		if what == "" {
			what = "the encrypted files only"
		}
		sign, by := " ", "signed by "+c.SignedBy
		if c.SignedBy == "" {
			sign, by = "!", c.Problem
		}
		fmt.Fprintf(&b, "%s %.7s  %s  %s  %s  (%s)\n", sign, c.Commit, c.Date.Local().Format("2006-01-02"), c.Author, what, by)
	}
	return a.table(b.String())
}

package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"hci/internal/history"
	"hci/internal/project"
)

func newLog(a *app) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "log ENV [NAME]",
		Short: "List the commits that changed an environment's secrets, by name",
		Long: `List the commits that changed an environment's sealed file, the newest first:
when, who, and which names were added, changed, renamed or removed. Values are
never shown. With NAME, only the commits that touched it, across renames.

Renames of the file and rekeys are followed. Passphrases of older versions are taken
from the team's file in git's history and from the keyring ('hci passphrase save
--older'), else asked for; versions that do not open are listed as such.

Each version needs a key derivation of its own, once: what hci seals here, and what
it read in a version, is kept in hci's state directory, encrypted with a key that
comes from the passphrase. The first run on a machine derives on all cores.`,
		Example: `  hci secrets log production
  hci secrets log production db_password --json`,
		Args:              between(1, 2),
		ValidArgsFunction: a.envNames,
		RunE: func(cmd *cobra.Command, args []string) error {
			env, err := a.environment(args[0])
			if err != nil {
				return err
			}
			entries, _, err := a.history(cmd.Context(), env)
			if err != nil {
				return err
			}
			if len(args) == 2 {
				if entries = history.Of(entries, args[1]); len(entries) == 0 {
					return fmt.Errorf("%s: no commit has a value %q", env.Name, args[1])
				}
			}
			if asJSON {
				return a.printJSON(newLogReport(env, entries))
			}
			return a.printLog(entries)
		},
	}
	jsonFlag(cmd, &asJSON)
	return cmd
}

func (a *app) printLog(entries []history.Entry) error {
	var b strings.Builder
	print := func(format string, args ...any) { fmt.Fprintf(&b, format, args...) }
	for _, e := range entries {
		if len(e.Changes) == 0 && !e.Unsure && e.Err == nil {
			continue // comments, layout, or a rekey: no name
		}
		print("%.7s  %s  %s  %s\n", e.Hash, e.Time.Local().Format("2006-01-02 15:04"), e.Author, e.Subject)
		switch {
		case e.Err != nil:
			print("    ? this version does not open: %v\n", e.Err)
		case e.Unsure:
			print("    ? the version before does not open, so what changed is not known\n")
		}
		for _, c := range e.Changes {
			print("    %s\n", changeLine(c))
		}
	}
	return a.list(b.String())
}

func changeLine(c history.Change) string {
	switch c.Kind {
	case "added":
		return "+ " + c.Name
	case "removed":
		return "- " + c.Name
	case "renamed":
		return "> " + c.Name + " (was " + c.From + ")"
	default:
		return "~ " + c.Name
	}
}

// logReport is the JSON form.
type logReport struct {
	Schema      int        `json:"schema"`
	Environment string     `json:"environment"`
	Commits     []logEntry `json:"commits"`
}

type logEntry struct {
	Commit        string           `json:"commit"`
	Date          time.Time        `json:"date"`
	Author        string           `json:"author"`
	Subject       string           `json:"subject"`
	Path          string           `json:"path"`
	Opens         bool             `json:"opens"`
	Authenticated bool             `json:"authenticated"`
	Known         bool             `json:"known"` // what changed is known
	Changes       []history.Change `json:"changes"`
}

func newLogReport(env project.Environment, entries []history.Entry) logReport {
	r := logReport{Schema: 1, Environment: env.Name, Commits: []logEntry{}}
	for _, e := range entries {
		row := logEntry{
			Commit: e.Hash, Date: e.Time, Author: e.Author, Subject: e.Subject, Path: e.Path,
			Opens: e.Version != nil, Authenticated: e.Version != nil && e.Version.Authenticated, Known: !e.Unsure, Changes: []history.Change{},
		}
		row.Changes = append(row.Changes, e.Changes...)
		r.Commits = append(r.Commits, row)
	}
	return r
}

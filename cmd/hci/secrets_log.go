package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"hci/internal/atomicfile"
	"hci/internal/history"
	"hci/internal/project"
	"hci/sync/secret"
)

func newLog(a *app) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "log ENV [NAME]",
		Short: "List the commits that changed an environment's secrets, by name",
		Long: `List the commits that changed an environment's sealed file, the newest first:
when, who, and which names were added, changed, renamed or removed. Values are
never shown. With NAME, only the commits that touched it, across renames.

Renames of the file and rekeys are followed. A passphrase for older versions is
asked for once; versions that do not open are listed as such. What was read in a
version is kept, encrypted with the passphrase, in hci's state directory, so that
the next run is fast.`,
		Example: `  hci secrets log production
  hci secrets log production db_password --json`,
		Args:              between(1, 2),
		ValidArgsFunction: a.envNames,
		RunE: func(cmd *cobra.Command, args []string) error {
			env, err := a.environment(args[0])
			if err != nil {
				return err
			}
			entries, err := a.history(cmd.Context(), env)
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

// history reads git's history of an environment's sealed file.
func (a *app) history(ctx context.Context, env project.Environment) ([]history.Entry, error) {
	rel, err := filepath.Rel(a.found.Root, env.Sealed)
	if err != nil || !filepath.IsLocal(rel) {
		return nil, fmt.Errorf("%s lies outside of the project: git has no history of it", a.rel(env.Sealed))
	}
	log, err := history.Log(ctx, a.git, filepath.ToSlash(rel))
	if err != nil {
		return nil, err
	}
	if len(log) == 0 {
		return nil, fmt.Errorf("%s is in no commit", a.rel(env.Sealed))
	}
	phrase, err := a.passphrase(env)(ctx)
	if err != nil {
		return nil, err
	}
	path := filepath.Join(a.found.StateDir(), "history-"+env.Name)
	data, err := atomicfile.Read(path, 1<<26)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	cache, err := history.OpenCache(data, phrase)
	if err != nil {
		return nil, err
	}
	known := len(cache.Versions)
	o := history.NewOpener(a.git, a.files(env), cache, phrase)
	o.Older = func(context.Context) (secret.Value, error) {
		return a.terminal().Secret(fmt.Sprintf("Passphrase of older versions of %s (empty: they are not opened): ", env.Name))
	}
	entries := history.Names(log, func(blob string) (*history.Version, error) {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		return o.Open(ctx, blob)
	})
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if len(cache.Versions) > known {
		if err := a.keepHistory(path, cache); err != nil {
			a.sayf("the next run will be as slow as this one: %v", err)
		}
	}
	return entries, nil
}

func (a *app) keepHistory(path string, cache *history.Cache) error {
	data, err := cache.Bytes()
	if err != nil {
		return err
	}
	return a.writeAt(path, data, atomicfile.Options{Perm: 0o600})
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

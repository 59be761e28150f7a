package main

import (
	"context"
	"fmt"
	"path/filepath"

	"hci/internal/history"
	"hci/internal/project"
	"hci/internal/sealed"
)

// files says where an environment's secrets lie, and how far they are trusted.
func (a *app) files(env project.Environment) sealed.Files {
	f := sealed.Files{
		Env: env.Name, Plain: env.Plain, Sealed: env.Sealed, Root: a.found.Boundary(), StateDir: a.found.StateDir(),
		Params: env.Params, Require: env.RequireAuthenticated, Accept: a.accept,
		History: a.earlier, Warn: func(format string, args ...any) { a.notes([]string{fmt.Sprintf(format, args...)}) }, Again: a.again, Wait: a.waiting,
		MACKeys: &a.macKeys, Sealing: a.recordVersion(env),
		Unmerged: func(ctx context.Context) error { return a.unmerged(ctx, env) },
	}
	for _, other := range a.found.Environments {
		switch {
		case other.Sealed != env.Sealed:
			f.Others = append(f.Others, other.Name)
		case other.Name != env.Name:
			f.Sharing = append(f.Sharing, other.Name)
		}
	}
	if f.Sharing != nil || env.Plain == a.found.SharedFile {
		f.Sharing = append(f.Sharing, env.Name)
	}
	return f
}

// earlier returns the newest versions of a sealed file that git holds, at most
// max. Where git can't be asked there are none.
func (a *app) earlier(ctx context.Context, path string, max int) (versions [][]byte) {
	rel, err := filepath.Rel(a.found.Root, path)
	if err != nil || !filepath.IsLocal(rel) {
		return nil
	}
	commits, err := history.Log(ctx, a.git, filepath.ToSlash(rel))
	if err != nil {
		return nil
	}
	names := history.Blobs(commits)
	names = names[:min(len(names), max)]
	data, _, err := a.blobs(ctx, names)
	if err != nil {
		return nil
	}
	for _, name := range names {
		if data[name] != nil {
			versions = append(versions, data[name])
		}
	}
	return versions
}

// passphraseTries is how often a person may give a passphrase.
const passphraseTries = 3

// again reports whether a person who typed a wrong passphrase for an
// environment is asked once more.
func (a *app) again(env string) bool {
	if a.passphrases == nil || !a.passphrases.Mistyped(env) {
		return false
	}
	if a.mistyped == nil {
		a.mistyped = map[string]int{}
	}
	a.mistyped[env]++
	if a.mistyped[env] >= passphraseTries {
		return false
	}
	a.sayf("%s: the passphrase does not open the file; try again", env)
	return true
}

package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"hci/crypto"
	"hci/internal/atomicfile"
	"hci/internal/git"
	"hci/internal/history"
	"hci/internal/ownership"
	"hci/internal/project"
	"hci/internal/sealed"
	"hci/internal/team"
	"hci/internal/term"
	"hci/sync/secret"
)

// maxHistory bounds the size of what is kept of versions, in bytes.
const maxHistory = 1 << 26

// inRepository is a path as git's history names it.
func (a *app) inRepository(path string) (string, error) {
	rel, err := filepath.Rel(a.found.Root, path)
	if err != nil || !filepath.IsLocal(rel) {
		return "", fmt.Errorf("%s lies outside of the project: git has no history of it", a.rel(path))
	}
	return filepath.ToSlash(rel), nil
}

// versionLog lists the commits that changed an environment's sealed file.
func (a *app) versionLog(ctx context.Context, env project.Environment) ([]history.Commit, error) {
	rel, err := a.inRepository(env.Sealed)
	if err != nil {
		return nil, err
	}
	log, err := history.Log(ctx, a.git, rel)
	if err == nil && len(log) == 0 {
		err = fmt.Errorf("%s is in no commit", a.rel(env.Sealed))
	}
	return log, err
}

// history reads git's history of an environment's sealed file.
func (a *app) history(ctx context.Context, env project.Environment) ([]history.Entry, *readVersions, error) {
	log, err := a.versionLog(ctx, env)
	if err != nil {
		return nil, nil, err
	}
	v, err := a.versionsOf(ctx, env, history.Blobs(log))
	if err != nil {
		return nil, nil, err
	}
	return history.Names(log, v.of), v, nil
}

// readVersions is what versions of a sealed file hold.
type readVersions struct {
	cache  *history.Cache
	data   map[string][]byte
	failed map[string]error
}

// of is what a version holds, or why it does not open.
func (v *readVersions) of(blob string) (*history.Version, error) {
	if known := v.cache.Versions[history.ID(v.data[blob])]; known != nil {
		return known, nil
	}
	return nil, v.failed[blob]
}

// versionsOf reads versions of an environment's sealed file, and keeps what it
// finds in them.
func (a *app) versionsOf(ctx context.Context, env project.Environment, blobs []string) (*readVersions, error) {
	data, tooLarge, err := a.blobs(ctx, blobs)
	if err != nil {
		return nil, err
	}
	o, err := a.opener(ctx, env)
	if err != nil {
		return nil, err
	}
	cache, path, err := a.historyCache(ctx, env, o.Phrases[0], history.DefaultIterations)
	if err != nil {
		return nil, err
	}
	var missing []string
	for _, blob := range blobs {
		if content, ok := data[blob]; ok && cache.Versions[history.ID(content)] == nil {
			missing = append(missing, blob)
		}
	}
	done := a.countVersions(o, len(missing))
	failed := o.Open(ctx, missing, data, func(blob string, c *sealed.Content) {
		cache.Record(data[blob], c.File, c.Authenticated)
	})
	done()
	if len(missing) > len(failed) {
		if err := a.keepHistory(path, cache); err != nil {
			a.sayf("the next run will be as slow as this one: %v", err)
		}
	}
	maps.Copy(failed, tooLarge)
	return &readVersions{cache, data, failed}, ctx.Err()
}

// blobs reads versions of a file. What is too large to be read is an error of
// that version's.
func (a *app) blobs(ctx context.Context, names []string) (data map[string][]byte, failed map[string]error, err error) {
	data, failed, err = a.readBlobs(ctx, names)
	var exit *git.ExitError
	if !errors.As(err, &exit) {
		return data, failed, err
	}
	// A partial clone lacks some, and git ends at the first; it is not fetched here.
	out, listErr := a.git(ctx, "rev-list", "--objects", "--all", "--missing=print")
	if listErr != nil {
		return nil, nil, err
	}
	absent := map[string]error{}
	for line := range strings.Lines(string(out)) {
		if id, ok := strings.CutPrefix(strings.TrimSpace(line), "?"); ok {
			absent[id] = errNotHere
		}
	}
	present := slices.DeleteFunc(slices.Clone(names), func(name string) bool { return absent[name] != nil })
	if len(present) == len(names) {
		return nil, nil, err
	}
	data, failed, err = a.readBlobs(ctx, present)
	for _, name := range names {
		if absent[name] != nil {
			failed[name] = absent[name]
		}
	}
	return data, failed, err
}

// errNotHere says that a partial clone does not have a version.
var errNotHere = errors.New("this clone does not have it; 'git log --numstat -- FILE' fetches all versions of a file")

func (a *app) readBlobs(ctx context.Context, names []string) (data map[string][]byte, failed map[string]error, err error) {
	data, failed = map[string][]byte{}, map[string]error{}
	wanted := make([]project.Blob, len(names))
	for i, name := range names {
		wanted[i] = project.Blob{Path: "the sealed file", ID: name}
	}
	err = a.found.ReadBlobs(ctx, wanted, func(b project.Blob, content []byte) {
		if content == nil {
			failed[b.ID] = crypto.ErrTooLarge
		} else {
			data[b.ID] = content
		}
	})
	return data, failed, err
}

// manyVersions are so many that a person wonders what takes so long.
const manyVersions = 20

// countVersions tells, where there are many versions, why they take long, and
// shows how many are done.
func (a *app) countVersions(o *history.Opener, n int) (done func()) {
	if n < manyVersions {
		return func() {}
	}
	a.sayf("%d versions were not seen here before: each needs a key derivation of its own, once", n)
	p := term.NewProgress(a.redrawn(), n)
	o.Step = func() { p.Clear(); p.Step() }
	return p.Clear
}

// opener opens versions: with the present passphrase, those that the team's
// files in git's history hold, those in the keyring, and those that a person
// knows.
func (a *app) opener(ctx context.Context, env project.Environment) (*history.Opener, error) {
	phrase, err := a.passphrase(env)(ctx)
	if err != nil {
		return nil, err
	}
	return &history.Opener{
		Files: a.files(env), Phrases: []secret.Value{phrase},
		More: func(ctx context.Context) []secret.Value { return a.morePhrases(ctx, env) },
		Older: func(_ context.Context, left int) (secret.Value, error) {
			v, err := a.terminal().Secret(fmt.Sprintf("Passphrase of %s of %s (empty: not opened): ", plural(left, "older version"), env.Name))
			if err == nil && v.Len() == 0 {
				err = term.ErrNoTerminal // nobody knows one
			}
			return v, err
		},
	}, nil
}

// morePhrases are the passphrases of an environment's other versions that can be
// had without asking.
func (a *app) morePhrases(ctx context.Context, env project.Environment) []secret.Value {
	more := a.teamPhrases(ctx, env)
	if s, err := a.sources(""); err == nil {
		more = append(more, s.Older(ctx, env.Name)...)
	}
	return more
}

// teamPhrases are the passphrases that an environment had, as the versions of
// the team's file in git's history say to those whose keys open them.
func (a *app) teamPhrases(ctx context.Context, env project.Environment) []secret.Value {
	names, err := history.Everywhere(ctx, a.git, team.File(env.Name))
	if err != nil || len(names) == 0 {
		return nil
	}
	data, _, err := a.blobs(ctx, names)
	if err != nil {
		return nil
	}
	t, err := a.team()
	if err != nil {
		return nil
	}
	ids, err := t.Identities()
	if err != nil {
		return nil
	}
	var all []secret.Value
	for _, name := range names {
		if v, err := team.Open(ctx, env.Name, data[name], ids, nil); err == nil {
			all = append(all, v.Passphrase)
			if v.Previous.Len() > 0 {
				all = append(all, v.Previous)
			}
		}
	}
	return all
}

// historyCache is what is known of an environment's versions, and where it lies.
// Where somebody else has changed the passphrase, it is still under the one before.
func (a *app) historyCache(ctx context.Context, env project.Environment, phrase secret.Value, iterations int) (*history.Cache, string, error) {
	path := filepath.Join(a.found.StateDir(), "history-"+env.Name)
	data, err := atomicfile.Read(path, maxHistory)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, "", err
	}
	cache, err := history.OpenCache(data, phrase, iterations)
	if err != nil || len(data) == 0 || len(cache.Versions) > 0 {
		return cache, path, err
	}
	for _, before := range a.morePhrases(ctx, env) {
		old, err := history.OpenCache(data, before, iterations)
		if err == nil && len(old.Versions) > 0 {
			return old, path, old.Rekey(phrase, iterations)
		}
	}
	return cache, path, nil
}

func (a *app) keepHistory(path string, cache *history.Cache) error {
	data, err := cache.Bytes()
	if err != nil {
		return err
	}
	if err := ownership.MakePrivate(filepath.Dir(path)); err != nil {
		return err
	}
	return a.writeAt(path, data, atomicfile.Options{Perm: 0o600})
}

// recordVersion keeps what a version holds that hci has just sealed, so that
// 'hci secrets log' needs no derivation for it.
func (a *app) recordVersion(env project.Environment) func(sealed.Version) {
	if a.found.GitDir == "" {
		return nil
	}
	return func(v sealed.Version) {
		cache, path, err := a.historyCache(context.Background(), env, v.Before, v.Params.Iterations)
		if err == nil && !v.Before.Equal(v.Phrase) {
			err = cache.Rekey(v.Phrase, v.Params.Iterations)
		}
		if err != nil {
			return // it is only a cache
		}
		cache.Record(v.Sealed, v.File, !v.Params.NoSalt)
		_ = a.keepHistory(path, cache)
	}
}

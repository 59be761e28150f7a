package sealed

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"

	"hci/crypto"
	"hci/sync/secret"
)

// settledByGit reports whether the versions that git holds before this one
// speak for it, although less is proved of it than of what was last opened
// here. Somebody who changes branches goes back to such a version in good
// faith: then no version of the branch proved more, and at least one of them
// was opened here before.
//
// Where nothing is remembered of the file (NotAsInGit), it is enough that no
// version of the branch is authentic; so it is where there is no git at all.
func (f Files) settledByGit(ctx context.Context, c *Content, why Reason, seen *record, phrase secret.Value) bool {
	fresh := why == NotAsInGit
	if why == NotAuthenticated || f.Require && why == NoLonger {
		return false
	}
	if f.History == nil {
		return fresh
	}
	versions := f.History(ctx, f.Sealed, maxVersions)
	key := lineKey(why, c.sealed, versions)
	if slices.Contains(seen.Settled, key) {
		return true
	}
	known := fresh
	for _, old := range versions {
		known = known || slices.Contains(seen.Seen, digest(old))
	}
	if !known {
		return false
	}
	for _, old := range versions {
		if bytes.Equal(old, c.sealed) {
			continue
		}
		if f.proves(old, why, c.Params, seen, phrase) || ctx.Err() != nil {
			return false
		}
	}
	seen.Settled = append([]string{key}, seen.Settled[:min(len(seen.Settled), maxKept-1)]...)
	return true
}

// lineKey names what was decided of a version together with those before it.
func lineKey(why Reason, now []byte, before [][]byte) string {
	all := []string{strconv.Itoa(int(why)), digest(now)}
	for _, old := range before {
		all = append(all, digest(old))
	}
	return digest([]byte(strings.Join(all, " ")))
}

// proves reports whether an earlier version is authentic, and shows what the
// present one lacks. It is tried with the parameters that it most likely has.
func (f Files) proves(old []byte, why Reason, like crypto.Params, seen *record, phrase secret.Value) bool {
	like.SaltLen, like.Salt, like.NoSalt = 0, nil, false
	params := append(slices.Clone(f.Params), like, crypto.DefaultParams())
	if seen.Params != nil {
		params = append(params, *seen.Params)
	}
	opened, err := crypto.Open(old, []byte(phrase.Reveal()), crypto.OpenOptions{
		Params: params, DeclaredOnly: true, Context: f.binding(), Foreign: slices.Concat(f.Others, f.Sharing), MACKeys: f.MACKeys,
		Check: func([]byte) error { return nil },
	})
	var foreign *crypto.ContextError
	switch {
	case errors.As(err, &foreign):
		return why == NoLonger || why == NotAsInGit
	case err != nil || !opened.Authenticated:
		return false
	case why == Unbound:
		return opened.Context != ""
	case why == Weaker:
		return weaker(like, opened.Params)
	}
	return true
}

package sealed

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"

	"hci/crypto"
	"hci/internal/atomicfile"
	"hci/sync/secret"
)

// maxVersions is how many earlier versions of a file are looked at in git.
// Each costs a key derivation.
const maxVersions = 20

// maxKept bounds each list of digests in a [record].
const maxKept = 64

// record is what is remembered of a sealed file's authenticity. Like [memory]
// it holds no secret.
type record struct {
	Path string `json:"path"`
	// Authentic: it was so when it was last opened. Params are the strongest
	// with which it was, Context the environment that it was bound to.
	Authentic bool           `json:"authentic"`
	Context   string         `json:"context,omitempty"`
	Params    *crypto.Params `json:"params,omitempty"`
	// Seen are digests of the versions that were opened, newest first. Last are
	// the parameters of the first.
	Seen []string       `json:"seen,omitempty"`
	Last *crypto.Params `json:"last,omitempty"`
	// Settled are digests of a version and of those that git holds before it,
	// for which git's history has decided that the version is used.
	Settled []string `json:"settled,omitempty"`
}

func (f Files) recordPath() string {
	return filepath.Join(f.StateDir, "authentic-"+digest([]byte(f.Sealed))[:16]+".json")
}

// record returns what is remembered; nothing, if it cannot be read.
func (f Files) record() (r record) {
	data, err := atomicfile.Read(f.recordPath(), 1<<16)
	if err != nil || json.Unmarshal(data, &r) != nil || r.Path != f.Sealed {
		return record{}
	}
	return r
}

// keep remembers r. A failure is not an error: where nothing can be
// remembered, git's history and require_authenticated decide.
func (f Files) keep(r record) {
	r.Path = f.Sealed
	data, err := json.Marshal(r)
	if before, _ := json.Marshal(f.record()); err == nil && bytes.Equal(data, before) {
		return
	}
	if err != nil || os.MkdirAll(f.StateDir, 0o700) != nil {
		return
	}
	_ = atomicfile.Write(f.recordPath(), append(data, '\n'), atomicfile.Options{})
}

// knownParams are the parameters of a file that was opened last, byte for byte.
func (r record) knownParams(data []byte) (crypto.Params, bool) {
	if r.Last == nil || len(r.Seen) == 0 || r.Seen[0] != digest(data) || r.Last.Validate() != nil {
		return crypto.Params{}, false
	}
	return *r.Last, true
}

// sealedBy remembers that hci itself wrote the file with p.
func (f Files) sealedBy(data []byte, p crypto.Params) {
	r := f.record()
	r.see(data, p)
	if !p.NoSalt {
		r.Authentic, r.Context, r.Params = true, f.binding(), &p
	}
	f.keep(r)
}

// see puts a version to the front of those that were opened.
func (r *record) see(data []byte, p crypto.Params) {
	d := digest(data)
	r.Last = &p
	r.Seen = slices.DeleteFunc(r.Seen, func(s string) bool { return s == d })
	r.Seen = append([]string{d}, r.Seen[:min(len(r.Seen), maxKept-1)]...)
}

// judge decides whether a file that opens may be used. Content says how it is
// sealed, other whose file it is if not this environment's. What is used is
// remembered.
func (f Files) judge(ctx context.Context, c *Content, other string, phrase secret.Value) error {
	distrust := &DistrustError{Env: f.Env, Path: f.Sealed, Other: other, Params: c.Params}
	if other != "" {
		distrust.Reason = Foreign
		return distrust
	}
	seen := f.record()
	if why, suspect := f.suspicion(c, seen); suspect && !f.settledByGit(ctx, c, why, &seen, phrase) {
		distrust.Reason = why
		if why == Weaker {
			distrust.Than = *seen.Params
		}
		return distrust
	}
	f.rememberOpened(c, seen)
	if f.belowDeclared(c.Params) {
		distrust.Reason, distrust.Than = BelowDeclared, f.Params[0]
		return distrust
	}
	return nil
}

// suspicion is what speaks against a file, going by what is remembered of it.
func (f Files) suspicion(c *Content, seen record) (why Reason, suspect bool) {
	switch {
	case !c.Authenticated && seen.Authentic:
		return NoLonger, true
	case !c.Authenticated && f.Require:
		return NotAuthenticated, true
	case !c.Authenticated:
		// A version that was used is not looked up in git for each command.
		return NotAsInGit, !slices.Contains(seen.Seen, digest(c.sealed))
	case seen.Context != "" && c.context == "":
		return Unbound, true
	case seen.Params != nil && weaker(c.Params, *seen.Params):
		return Weaker, true
	}
	return 0, false
}

// rememberOpened notes a version that is used, and that it is authentic if it
// is. One that proves less does not lower what is remembered.
func (f Files) rememberOpened(c *Content, seen record) {
	seen.see(c.sealed, c.Params)
	if c.Authenticated && (seen.Params == nil || !weaker(c.Params, *seen.Params)) && (seen.Context == "" || c.context != "") {
		seen.Authentic, seen.Context, seen.Params = true, c.context, &c.Params
	}
	f.keep(seen)
}

// belowDeclared reports whether p is weaker than everything that is declared.
func (f Files) belowDeclared(p crypto.Params) bool {
	return len(f.Params) > 0 && !slices.ContainsFunc(f.Params, func(q crypto.Params) bool { return !weaker(p, q) })
}

// binding is what the file is sealed for: its environment. A file that several
// environments share is bound to none.
func (f Files) binding() string {
	if len(f.Sharing) > 0 {
		return ""
	}
	return f.Env
}

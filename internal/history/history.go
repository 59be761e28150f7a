// Package history reads the versions of a sealed file that git holds: those of
// its commits, and the stages of a merge that is not finished.
//
// How versions are opened and merged is in hci/internal/sealed; what git shows
// and merges by itself is set up by hci/internal/gitdriver.
package history

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Git runs git in the work tree and returns what it prints.
type Git func(ctx context.Context, args ...string) ([]byte, error)

// Commit is a commit that changed a file.
type Commit struct {
	Hash    string
	Time    time.Time
	Author  string
	Subject string
	Path    string // of the file, from the root of the work tree
	Blob    string // what it held after the commit; "" if it was removed
	// Parents are what it held before, in each parent; "" where it was not there.
	Parents []string
}

// Log lists the commits that changed a file, the newest first, also across
// renames. A merge is listed if its outcome differs from each of its parents.
func Log(ctx context.Context, git Git, path string) ([]Commit, error) {
	mark := rand.Text() // no author and no subject holds it
	// Each field ends with a NUL; the raw lines of the files follow.
	format := "--format=" + mark + "%H%x00%aI%x00%an%x00%s%x00"
	out, err := git(ctx, "log", "--follow", "--raw", "--cc", "--no-abbrev", "-z", "--no-color", "--no-ext-diff", "--no-textconv", format, "--", path)
	if err != nil {
		return nil, err
	}
	var all []Commit
	for entry := range bytes.SplitSeq(out, []byte(mark)) {
		if len(bytes.Trim(entry, "\x00\n")) == 0 {
			continue
		}
		c, err := parseCommit(string(entry))
		if err != nil {
			return nil, err
		}
		if c.Path != "" {
			all = append(all, c)
		}
	}
	return all, nil
}

// Everywhere lists the versions of a file that any branch, tag or remote has, the
// newest commits' first, each once. A merge that is under way has its other side
// there, which the log of HEAD does not.
func Everywhere(ctx context.Context, git Git, path string) ([]string, error) {
	out, err := git(ctx, "log", "--all", "--full-history", "-m", "--raw", "--no-renames", "--no-abbrev", "--no-color", "--no-ext-diff", "--no-textconv", "--format=", "--", path)
	if err != nil {
		return nil, err
	}
	var all []string
	for line := range bytes.Lines(out) {
		words := strings.Fields(string(line)) // ":MODE MODE BLOB BLOB STATUS PATH"
		if len(words) < 5 {
			continue
		}
		for _, blob := range []string{blobOf(words[3]), blobOf(words[2])} {
			if blob != "" && !slices.Contains(all, blob) {
				all = append(all, blob)
			}
		}
	}
	return all, nil
}

// Blobs are the versions that a log names, the newest first, each once.
func Blobs(log []Commit) []string {
	var all []string
	seen := map[string]bool{"": true}
	for _, c := range log {
		for _, blob := range append([]string{c.Blob}, c.Parents...) {
			if !seen[blob] {
				seen[blob] = true
				all = append(all, blob)
			}
		}
	}
	return all
}

// Paths are those that a file had in a log.
func Paths(log []Commit) []string {
	var all []string
	for _, c := range log {
		if !slices.Contains(all, c.Path) {
			all = append(all, c.Path)
		}
	}
	return all
}

var errUnreadable = errors.New("git's log can't be read")

func parseCommit(entry string) (Commit, error) {
	fields := strings.SplitN(entry, "\x00", 5)
	if len(fields) != 5 {
		return Commit{}, errUnreadable
	}
	at, err := time.Parse(time.RFC3339, fields[1])
	if err != nil {
		return Commit{}, errUnreadable
	}
	c := Commit{Hash: fields[0], Time: at, Author: fields[2], Subject: fields[3]}
	raw := strings.Split(strings.Trim(fields[4], "\x00\n"), "\x00")
	if len(raw) < 2 || !strings.HasPrefix(raw[0], ":") {
		return c, nil // the commit does not touch the file
	}
	c.Path = raw[len(raw)-1] // of a rename, the new name
	words := strings.Fields(strings.TrimLeft(raw[0], ":"))
	parents := strings.Count(raw[0][:len(raw[0])-len(strings.TrimLeft(raw[0], ":"))], ":")
	// A mode for each parent and one for the outcome, then a blob for each.
	if len(words) < 2*(parents+1)+1 {
		return Commit{}, errUnreadable
	}
	for i := range parents {
		c.Parents = append(c.Parents, blobOf(words[parents+1+i]))
	}
	c.Blob = blobOf(words[2*parents+1])
	return c, nil
}

// blobOf is a blob's name, "" for git's name of none.
func blobOf(word string) string {
	if strings.Trim(word, "0") == "" {
		return ""
	}
	return word
}

// Blob returns the content of a blob.
func Blob(ctx context.Context, git Git, id string) ([]byte, error) {
	return git(ctx, "cat-file", "blob", id)
}

// Stages are the versions of a file in a merge that is not finished. A version
// is nil where the file was not there.
type Stages struct{ Base, Ours, Theirs []byte }

// Unmerged returns the stages of a file that git could not merge, nil if it is
// not in such a state.
func Unmerged(ctx context.Context, git Git, path string) (*Stages, error) {
	out, err := git(ctx, "--literal-pathspecs", "ls-files", "--unmerged", "-z", "--", path)
	if err != nil || len(out) == 0 {
		return nil, err
	}
	var s Stages
	for entry := range bytes.SplitSeq(bytes.TrimSuffix(out, []byte{0}), []byte{0}) {
		meta, _, ok := bytes.Cut(entry, []byte{'\t'})
		words := strings.Fields(string(meta))
		if !ok || len(words) != 3 {
			return nil, fmt.Errorf("git's index can't be read for %s", strconv.Quote(path))
		}
		data, err := Blob(ctx, git, words[1])
		if err != nil {
			return nil, err
		}
		switch words[2] {
		case "1":
			s.Base = data
		case "2":
			s.Ours = data
		case "3":
			s.Theirs = data
		}
	}
	return &s, nil
}

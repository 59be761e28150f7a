package project

import (
	"context"
	"errors"
	"net/url"
	"regexp"
	"strings"
	"sync"

	"hci/internal/git"
)

// Commit is what a work tree has checked out.
type Commit struct {
	SHA     string   // whole
	Dirty   []string // files that differ from it or that git doesn't know, without the ignored ones
	Pushed  bool     // a remote branch holds it, as far as was fetched
	Remotes bool     // there is a remote at all
	Source  string   // address of the remote, without credentials; "" if there is none
}

// ErrNoCommit says that there is no commit to tell an image by.
var ErrNoCommit = errors.New("there is no git commit here")

// shortSHA is how many digits of a commit are shown and put into tags.
const shortSHA = 12

// Short is the commit's abbreviation.
func (c Commit) Short() string { return c.SHA[:min(shortSHA, len(c.SHA))] }

// Commit looks at the commit that is checked out. It fails with [ErrNoCommit].
func (p *Project) Commit(ctx context.Context) (Commit, error) {
	repo, err := git.Find(ctx, p.Root, p.environ)
	if err != nil {
		return Commit{}, ErrNoCommit
	}
	ask := func(args ...string) (string, error) {
		out, err := repo.Run(ctx, args...)
		return strings.TrimRight(string(out), "\n"), err
	}
	sha, err := ask("rev-parse", "--verify", "--quiet", "HEAD")
	if err != nil || sha == "" {
		return Commit{}, ErrNoCommit
	}
	c := Commit{SHA: sha}
	var group sync.WaitGroup
	var statusErr error
	group.Go(func() {
		var status string
		if status, statusErr = ask("status", "--porcelain=v1", "-z", "--no-renames", "--ignore-submodules=dirty"); statusErr != nil {
			return
		}
		for entry := range strings.SplitSeq(status, "\x00") {
			if len(entry) > len("XY ") {
				c.Dirty = append(c.Dirty, entry[len("XY "):])
			}
		}
	})
	group.Go(func() {
		branches, err := ask("branch", "--remotes", "--contains", sha)
		c.Pushed = err == nil && branches != ""
	})
	group.Go(func() {
		remotes, err := ask("remote")
		c.Remotes = err == nil && remotes != ""
		if address, err := ask("remote", "get-url", "origin"); err == nil {
			c.Source = source(address)
		}
	})
	group.Wait()
	return c, statusErr
}

// scp is an address of the form user@host:path.
var scp = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^(?:[^@/]+@)?([^:/@]+):([^/].*)$`)
})

// source is a remote's address as one can be shown: a user's name, and a token
// that stands where one would, are left out. A path of this machine is none.
func source(address string) string {
	if m := scp().FindStringSubmatch(address); m != nil && !strings.Contains(address, "://") {
		return "https://" + m[1] + "/" + strings.TrimSuffix(m[2], ".git")
	}
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return ""
	}
	if u.Scheme != "http" {
		u.Scheme = "https"
	}
	u.User, u.RawQuery, u.Fragment = nil, "", ""
	if u.Scheme == "https" && u.Port() != "443" {
		u.Host = u.Hostname() // the port of ssh is not that of a page
	}
	u.Path = strings.TrimSuffix(u.Path, ".git")
	return u.String()
}

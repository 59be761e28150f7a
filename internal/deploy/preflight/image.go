package preflight

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"hci/internal/aws/ecr"
	"hci/internal/deploy/names"
	"hci/internal/deploy/state"
	"hci/internal/docker"
)

func (l *looker) docker(ctx context.Context) {
	e, err := l.Docker(ctx)
	var away *docker.UnreachableError
	var other *docker.OtherProgramError
	switch {
	case errors.As(err, &away):
		l.found(Problem, "docker", away.Next(), "%v", err)
		return
	case errors.As(err, &other):
		l.found(Problem, "docker", other.Next(), "%v", err)
		return
	case errors.Is(err, docker.ErrNotInstalled):
		l.found(Problem, "docker", "install Docker, or leave out build and push: --steps migrate,update", "%v", err)
		return
	case err != nil:
		l.found(Problem, "docker", "", "%v", err)
		return
	}
	l.look.Engine = e
	if l.needs(state.Build) && e.Builder == docker.Classic {
		l.found(Note, "docker", "", "there is no buildx, neither as a plugin nor as docker-buildx: the classic builder builds")
	}
	if err := e.Helper(""); err != nil {
		level, next := Warning, "install it, or take credsStore out of that file"
		if !l.needs(state.Login) {
			level = Problem // the user's own configuration is used
		}
		l.found(level, "docker", next, "%v", err)
	}
}

// dockerfile looks whether there is one. One that the work tree lacks may be the
// commit's.
func (l *looker) dockerfile() {
	name := l.Names.Dockerfile
	of := !l.State.Dirty && slices.Contains(l.look.Commit.Dirty, filepath.ToSlash(name))
	if l.look.Engine != nil && l.needs(state.Build) && !of && !isFile(filepath.Join(l.Root, name)) {
		l.found(Problem, "image", "write one, or say where it is: dockerfile, in the deploy block of hci.hcl", "there is no %s", name)
	}
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

// repository looks the repository up; it reports whether it is there.
func (l *looker) repository(ctx context.Context) bool {
	repository, err := l.Registry.Repository(ctx, l.Names.Repository)
	var missing *ecr.NotFoundError
	switch {
	case errors.As(err, &missing) && l.needs(state.Login, state.Build, state.Push):
		l.found(Problem, "image", "'hci tf "+l.Env+" apply' makes what Terraform declares", "%v", err)
		return false
	case errors.As(err, &missing):
		return false
	case err != nil:
		l.failed("image", err)
		return false
	}
	l.look.Repository = repository
	return true
}

// image looks whether this commit's image, which was searched for, is in the registry
// already.
func (l *looker) image(ctx context.Context, found func() (tag, digest string, err error)) {
	repository := l.look.Repository
	l.look.Moving = l.Names.ImageTag
	if l.needs(state.Push, state.Update) && !repository.Takes(l.Names.ImageTag) {
		var missing *ecr.NotFoundError
		if _, err := l.Registry.Digest(ctx, repository.Name, l.Names.ImageTag); !errors.As(err, &missing) {
			l.look.Moving = ""
			l.found(Note, "image", "", "repository %s is immutable, so the tag %s, which is there, stays where it is", repository.Name, l.Names.ImageTag)
		}
	}
	dirty := strings.HasSuffix(l.look.Tag, names.DirtyTag)
	tag, digest, err := found()
	switch {
	case err != nil:
		l.failed("image", err)
	case tag == "":
	case l.State.Restart || l.State.Built != "": // what was built is perhaps pushed, which the push will tell
	case (dirty || l.State.Rebuild) && l.needs(state.Push) && !repository.Takes(l.look.Tag):
		l.found(Problem, "image", "commit the changes, so that the image has a tag of its own", "%s:%s is in the registry already, and its repository is immutable", repository.Name, l.look.Tag)
	case (dirty || l.State.Rebuild) && l.needs(state.Build, state.Push): // it is made anew
	default:
		l.look.Pushed, l.look.Tag = digest, tag
		l.platforms(ctx, l.Registry, repository.Name, digest)
		if l.needs(state.Build, state.Push) {
			l.found(Note, "image", "", "the image of commit %s is in the registry already, so it is used again; --rebuild builds it again", l.look.Commit.Short())
		}
	}
}

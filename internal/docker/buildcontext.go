package docker

import (
	"bytes"
	"errors"
	"io/fs"
	"path/filepath"

	"github.com/moby/patternmatcher"
	"github.com/moby/patternmatcher/ignorefile"

	"hci/internal/atomicfile"
)

// Files calls f with each regular file of a build's context that Docker sends to the
// engine, by its path with slashes: .dockerignore is read by Docker's own library. The
// ignore file of one Dockerfile, "Dockerfile.dockerignore", takes precedence, but not
// for the classic builder.
//
// https://docs.docker.com/build/concepts/context/#dockerignore-files
func Files(dir, dockerfile string, builder Builder, f func(path string) error) error {
	patterns, err := ignored(dir, dockerfile, builder)
	if err != nil {
		return err
	}
	matcher, err := patternmatcher.New(patterns)
	if err != nil {
		return err
	}
	return filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || path == dir {
			return err
		}
		rel, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		skip, err := matcher.MatchesOrParentMatches(rel)
		switch {
		case err != nil:
			return err
		case entry.IsDir() && skip && !matcher.Exclusions():
			return filepath.SkipDir
		case entry.IsDir() || skip || !entry.Type().IsRegular():
			return nil
		}
		return f(filepath.ToSlash(rel))
	})
}

// maxIgnore bounds an ignore file's size in bytes.
const maxIgnore = 1 << 20

// ignored are the patterns of the ignore file that counts.
func ignored(dir, dockerfile string, builder Builder) ([]string, error) {
	names := []string{filepath.Join(dir, ".dockerignore")}
	if builder != Classic {
		names = append([]string{dockerfile + ".dockerignore"}, names...)
	}
	for _, name := range names {
		text, err := atomicfile.Read(name, maxIgnore)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		return ignorefile.ReadAll(bytes.NewReader(text))
	}
	return nil, nil
}

package project

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"hci/internal/atomicfile"
	"hci/internal/git"
)

// configName is the name of the optional configuration file.
const configName = "hci.hcl"

// maxPointer bounds the small files by which git points to a directory.
const maxPointer = 1 << 16

// place is where a project lies.
type place struct{ root, config, workTree, gitDir string }

// startDirectory makes dir absolute and free of symbolic links: parents are
// those of the real directory, as git sees them.
func startDirectory(dir string) (string, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	real, err := filepath.EvalSymlinks(abs)
	if err != nil {
		return "", err
	}
	info, err := os.Stat(real)
	if err != nil {
		return "", err
	}
	if !info.IsDir() {
		return "", &fs.PathError{Op: "open", Path: dir, Err: errors.New("not a directory")}
	}
	return real, nil
}

// parents lists dir and its parents, nearest first.
func parents(dir string) []string {
	all := []string{dir}
	for up := filepath.Dir(dir); up != dir; up = filepath.Dir(dir) {
		all = append(all, up)
		dir = up
	}
	return all
}

// findRoot finds the project's root from a directory in it.
func findRoot(start string) (place, error) {
	workTree, gitDir := findGit(start)
	for _, dir := range parents(start) {
		config := filepath.Join(dir, configName)
		if !exists(config) {
			continue
		}
		workTree, gitDir := findGit(dir) // not start's, which can lie in a submodule of the project
		return place{root: dir, config: config, workTree: workTree, gitDir: gitDir}, nil
	}
	if workTree != "" {
		return place{root: workTree, workTree: workTree, gitDir: gitDir}, nil
	}
	if root := guessRoot(start); root != "" {
		return place{root: root}, nil
	}
	return place{}, &NoProjectError{Dir: start}
}

// owned fails with a [*git.ForeignError] if something that decides what hci does
// in this place is another user's.
func (at place) owned(environ []string) error {
	own := []string{at.root}
	if at.config != "" {
		own = append(own, at.config)
	}
	if err := git.Owned(context.Background(), environ, at.root, own...); err != nil {
		return err
	}
	if at.workTree == "" {
		return nil
	}
	inGit := []string{filepath.Join(at.workTree, ".git")}
	if at.gitDir != "" {
		inGit = append(inGit, at.gitDir, filepath.Join(at.gitDir, "config"))
	}
	return git.Owned(context.Background(), environ, at.workTree, inGit...)
}

// findGit returns the root of the git work tree that dir lies in, and its git
// directory; both are "" outside git.
func findGit(dir string) (workTree, gitDir string) {
	for _, up := range parents(dir) {
		if gitDir, ok := gitDirectory(filepath.Join(up, ".git")); ok {
			return up, gitDir
		}
	}
	return "", ""
}

// guessRoot finds, outside git and without hci.hcl, the root above the nearest
// Terraform directory with secrets files, wherever in the project start lies;
// else start itself if it has secrets files; "" if neither is.
func guessRoot(start string) string {
	for _, dir := range parents(start) {
		tf := terraformDirectory(dir)
		if tf == "" || !holdsSecrets(tf) && (tf == dir || !holdsSecrets(dir)) {
			if environmentsBelow(dir) {
				return dir
			}
			continue
		}
		if up := filepath.Dir(dir); tf == dir && terraformDirectory(up) == dir {
			return up
		}
		return dir
	}
	if holdsSecrets(start) {
		return start
	}
	return ""
}

// isDir reports whether path is a directory.
func isDir(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// exists reports whether there is anything at path.
func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// gitDirectory resolves a .git, which is a directory or, in a linked work tree
// or a submodule, a file that names one. The git directory of a linked work
// tree is the main one's, which all work trees share. It is "" if the file
// names a directory that is not there, as in a container that has the work
// tree only. A directory without HEAD is not git's; git passes it over too.
//
// https://git-scm.com/docs/gitrepository-layout
func gitDirectory(path string) (dir string, ok bool) {
	info, err := os.Stat(path)
	if err != nil {
		return "", false
	}
	if info.IsDir() {
		return path, exists(filepath.Join(path, "HEAD"))
	}
	target, ok := pointer(path, "gitdir: ")
	if !ok {
		return "", false
	}
	if !exists(filepath.Join(target, "HEAD")) {
		return "", true
	}
	if common, ok := pointer(filepath.Join(target, "commondir"), ""); ok {
		return common, true
	}
	return target, true
}

// pointer reads a file that holds a path, relative to the file itself.
func pointer(path, prefix string) (string, bool) {
	data, err := atomicfile.Read(path, maxPointer)
	if err != nil {
		return "", false
	}
	target, ok := strings.CutPrefix(strings.TrimRight(string(data), "\r\n"), prefix)
	if !ok || target == "" {
		return "", false
	}
	target = filepath.FromSlash(target)
	if !filepath.IsAbs(target) {
		target = filepath.Join(filepath.Dir(path), target)
	}
	return filepath.Clean(target), true
}

package project

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"os/user"
	"path/filepath"
	"runtime"
)

// StateDir is the directory in which hci remembers things about this project;
// it need not exist yet. It is hci/HASH in the user's own state directory:
// $XDG_STATE_HOME or ~/.local/state, on macOS ~/Library/Application Support, on
// Windows %LocalAppData%. It never lies in the project, whose files are
// whoever's wrote the archive or the repository. All work trees of a repository
// have the same.
//
// Before anything in it is believed, [ownership.Private] must hold.
func (p *Project) StateDir() string {
	return filepath.Join(p.userState(runtime.GOOS), "hci", hash(p.identity()))
}

// identity is what tells this project from every other on this machine.
func (p *Project) identity() string {
	if p.GitDir == "" {
		return p.Root
	}
	below, err := filepath.Rel(p.WorkTree, p.Root)
	if err != nil || below == "." {
		return p.GitDir
	}
	return p.GitDir + "\x00" + filepath.ToSlash(below)
}

// OldJournal is the journal of an interrupted rekey where versions of hci before
// this one kept their state: in the git directory, which can come with an
// archive. It is not obeyed. It is "" if there is none.
func (p *Project) OldJournal() string {
	if p.GitDir == "" {
		return ""
	}
	path := filepath.Join(p.GitDir, "hci", "rekey.json")
	if !exists(path) {
		return ""
	}
	return path
}

func (p *Project) userState(goos string) string {
	switch goos {
	case "windows":
		if dir := p.getenv("LocalAppData"); filepath.IsAbs(dir) {
			return dir
		}
		return filepath.Join(p.home("USERPROFILE"), "AppData", "Local")
	case "darwin":
		return filepath.Join(p.home("HOME"), "Library", "Application Support")
	}
	if dir := p.getenv("XDG_STATE_HOME"); filepath.IsAbs(dir) { // the specification ignores others
		return dir
	}
	return filepath.Join(p.home("HOME"), ".local", "state")
}

// home is the user's home directory. Where there is none, nothing can be kept:
// the path is one that can't be made.
func (p *Project) home(variable string) string {
	if dir := p.getenv(variable); filepath.IsAbs(dir) {
		return dir
	}
	if u, err := user.Current(); err == nil && filepath.IsAbs(u.HomeDir) {
		return u.HomeDir
	}
	return filepath.Join(os.DevNull, "no-home")
}

// ID names the project on this machine, for the system's keyring: the name of
// its root and a hash. All work trees of a repository have the same.
func (p *Project) ID() string {
	if p.GitDir == "" {
		return filepath.Base(p.Root) + "-" + hash(p.Root)
	}
	top := p.GitDir
	if filepath.Base(top) == ".git" {
		top = filepath.Dir(top)
	}
	return filepath.Base(top) + "-" + hash(p.GitDir)
}

func hash(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:8])
}

package project

import (
	"crypto/sha256"
	"encoding/hex"
	"os/user"
	"path/filepath"
	"runtime"
)

// StateDir is the directory in which hci remembers things about this project;
// it need not exist yet. In a git repository it is hci in the git directory,
// which all work trees share and git never commits. Elsewhere it is hci/HASH,
// by the root, in the user's state directory: $XDG_STATE_HOME or
// ~/.local/state, on macOS ~/Library/Application Support, on Windows
// %LocalAppData%.
func (p *Project) StateDir() string {
	if p.GitDir != "" {
		return filepath.Join(p.GitDir, "hci")
	}
	return filepath.Join(p.userState(runtime.GOOS), "hci", hash(p.Root))
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

// home is the user's home directory; the root, if there is no other.
func (p *Project) home(variable string) string {
	if dir := p.getenv(variable); filepath.IsAbs(dir) {
		return dir
	}
	if u, err := user.Current(); err == nil && filepath.IsAbs(u.HomeDir) {
		return u.HomeDir
	}
	return p.Root
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

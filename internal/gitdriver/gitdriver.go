// Package gitdriver tells git how to show and merge sealed files: the lines of
// .gitattributes and this clone's configuration.
//
// What the drivers do when git calls them is in cmd/hci (git_textconv.go,
// git_merge.go); the merge itself is in hci/internal/sealed.
package gitdriver

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
)

// Git runs git in the work tree and returns what it prints. An exit code other
// than 0 is an error with an ExitCode method.
type Git func(ctx context.Context, args ...string) ([]byte, error)

// File is a sealed file.
type File struct {
	Env  string // its environment
	Path string // from the project's root, with slashes
	Root string // the project's root, from the root of the work tree; "" where they are one
}

// driver is the name that a file's drivers have in git.
func (f File) driver() string { return "hci-" + f.Env }

// Attributes is the line of .gitattributes for the file: git leaves its bytes
// alone, and shows and merges it by hci's drivers.
func (f File) Attributes() string {
	return fmt.Sprintf("%s -text diff=%s merge=%s", pattern(f.Path), f.driver(), f.driver())
}

// pattern is the path as gitattributes(5) writes it: from the directory of the
// file, wildcards escaped, in quotes where it holds a blank.
func pattern(path string) string {
	var b strings.Builder
	b.WriteByte('/')
	for _, r := range path {
		if strings.ContainsRune(`*?[\`, r) {
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	if s := b.String(); !strings.ContainsAny(s, " \t\"") {
		return s
	}
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\t", `\t`).Replace(b.String()) + `"`
}

// setting is one entry of git's configuration.
type setting struct{ key, value string }

// settings are the drivers of a file. program is how the shell calls hci.
func (f File) settings(program string) []setting {
	d := f.driver()
	if f.Root != "" && f.Root != "." {
		program += " -C " + shell(f.Root) // git calls from the root of the work tree
	}
	return []setting{
		{"diff." + d + ".textconv", program + " git textconv --environment " + shell(f.Env)},
		{"diff." + d + ".cachetextconv", "false"}, // the cache would outlive the passphrase
		{"merge." + d + ".name", "hci: merge the secrets of " + f.Env + " by name"},
		{"merge." + d + ".driver", program + " git merge-driver --environment " + shell(f.Env) + " --marker-size %L %O %A %B"},
	}
}

// shell quotes a word for sh.
func shell(word string) string {
	if word != "" && !strings.ContainsFunc(word, func(r rune) bool {
		return !('a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || strings.ContainsRune("_-./", r))
	}) {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}

// The lines of .gitattributes between which hci writes.
const (
	begin = "# hci: 'hci git install' writes the lines to the next mark."
	end   = "# hci: end"
)

// WithAttributes returns .gitattributes with the lines of the files, in the
// place of those that an earlier install wrote. No files: without any.
func WithAttributes(old []byte, files []File) []byte {
	eol := "\n"
	if bytes.Contains(old, []byte("\r\n")) {
		eol = "\r\n"
	}
	var kept []string
	inside := false
	at := -1
	for line := range strings.Lines(string(old)) {
		switch text := strings.TrimRight(line, "\r\n"); {
		case text == begin:
			inside, at = true, len(kept)
		case inside:
			inside = text != end
		default:
			kept = append(kept, line)
		}
	}
	if len(files) > 0 {
		if at < 0 {
			at = len(kept)
			if at > 0 && !strings.HasSuffix(kept[at-1], "\n") {
				kept[at-1] += eol
			}
		}
		lines := []string{begin + eol}
		for _, f := range files {
			lines = append(lines, f.Attributes()+eol)
		}
		kept = slices.Insert(kept, at, append(lines, end+eol)...)
	}
	return []byte(strings.Join(kept, ""))
}

// Install writes the drivers into this clone's configuration and returns the
// keys that it set or changed.
func Install(ctx context.Context, git Git, files []File, program string) ([]string, error) {
	var changed []string
	for _, f := range files {
		for _, s := range f.settings(program) {
			old, err := git(ctx, "config", "--local", "--get", s.key)
			if err == nil && strings.TrimSuffix(string(old), "\n") == s.value {
				continue
			}
			if _, err := git(ctx, "config", "--local", s.key, s.value); err != nil {
				return changed, fmt.Errorf("git config %s: %w", s.key, err)
			}
			changed = append(changed, s.key)
		}
	}
	return changed, nil
}

// Missing returns the files whose drivers this clone's configuration lacks, or
// has otherwise.
func Missing(ctx context.Context, git Git, files []File, program string) []File {
	return slices.DeleteFunc(slices.Clone(files), func(f File) bool {
		for _, s := range f.settings(program) {
			old, err := git(ctx, "config", "--local", "--get", s.key)
			if err != nil || strings.TrimSuffix(string(old), "\n") != s.value {
				return false
			}
		}
		return true
	})
}

// Uninstall removes every driver of hci's from this clone's configuration, of
// environments that are gone too, and returns the sections.
func Uninstall(ctx context.Context, git Git) ([]string, error) {
	out, err := git(ctx, "config", "--local", "--name-only", "-z", "--get-regexp", `^(diff|merge)\.hci-`)
	if err != nil {
		return nil, nil // none is there
	}
	var sections []string
	for key := range strings.SplitSeq(strings.TrimSuffix(string(out), "\x00"), "\x00") {
		section := key[:strings.LastIndexByte(key, '.')]
		if key != "" && !slices.Contains(sections, section) {
			sections = append(sections, section)
		}
	}
	for _, s := range sections {
		if _, err := git(ctx, "config", "--local", "--remove-section", s); err != nil {
			return nil, fmt.Errorf("git config --remove-section %s: %w", s, err)
		}
	}
	return sections, nil
}

// Program is how git's shell calls hci: by its name where that is what the
// shell finds, else by its path.
func Program(path string, found string) string {
	if path == found {
		return "hci"
	}
	return shell(path)
}

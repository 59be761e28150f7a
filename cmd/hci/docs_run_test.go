package main

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// commandSpan is a command line within a sentence or a table.
var commandSpan = regexp.MustCompile("`(hci [a-z][^`]*)`")

// placeholders stand in the documents for what a reader puts there.
var placeholders = strings.NewReplacer("ENV2", "production", "ENV", "staging", "NAME", "heron_db_password", "ARGS", "plan", "ARG", "x", "CMD", "true", "COMMAND", "secrets",
	"FILE", "old.env", "HOST:PORT", "127.0.0.1:0", "KEY", "HERON_HOST", "PLAN", "push.json", "SECRET", "heron_db_password_staging")

// misused is what hci says of a command line that it does not understand.
var misused = regexp.MustCompile(`--help'|a fault in hci itself|unknown (command|flag|shorthand)`)

// documentedLines are the command lines of the documents: those of code blocks, and those
// that stand in sentences.
func documentedLines(t *testing.T) []string {
	t.Helper()
	pages, err := filepath.Glob("../../docs/*.md")
	if err != nil || len(pages) < 5 {
		t.Fatalf("only %d pages: %v", len(pages), err)
	}
	var all []string
	for _, page := range append(pages, readme) {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		prose, _, _ := strings.Cut(string(text), "<!-- commands:")
		if _, after, found := strings.Cut(string(text), "<!-- end of commands -->"); found { // the table of commands is usage
			prose += after
		}
		fenced := false
		for line := range strings.Lines(prose) {
			if strings.HasPrefix(line, "```") {
				fenced = !fenced
			}
			code := strings.TrimPrefix(strings.TrimPrefix(strings.TrimSpace(line), "$ "), "- ")
			usage := page == reference && !fenced || strings.ContainsAny(code, "[")
			if strings.HasPrefix(code, "hci ") && (fenced || strings.HasPrefix(line, "    ")) && !usage {
				all = append(all, code)
			}
			for _, m := range commandSpan.FindAllStringSubmatch(line, -1) {
				if !strings.ContainsAny(m[1], "|[") {
					all = append(all, m[1])
				}
			}
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// TestReadmeCommandLinesRun runs every command line of the documents on a project, without
// AWS and without other programs. What it ends with is its own affair; that hci does not
// understand it is not.
func TestReadmeCommandLinesRun(t *testing.T) {
	bin := t.TempDir()
	if git, err := exec.LookPath("git"); err == nil {
		if err := os.Symlink(git, filepath.Join(bin, "git")); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("PATH", bin)
	lines := documentedLines(t)
	if len(lines) < 120 {
		t.Errorf("only %d command lines", len(lines))
	}
	dir, made := "", ""
	for _, line := range lines {
		if made == "" || treeState(t, dir) != made { // the one before has changed something
			dir = documentedProject(t)
			made = treeState(t, dir)
		}
		args := documentedWords(line)
		if cmd, rest, err := documented().Find(args); err == nil && cmd.HasParent() && (len(rest) == 0 || cmd.Flags().Lookup(strings.TrimLeft(rest[len(rest)-1], "-")) != nil) {
			continue // it stands for the command, or its flag, in a sentence
		}
		environ := []string{"PATH=" + bin, "HOME=" + dir, "XDG_STATE_HOME=" + filepath.Join(dir, "state"), "HCI_PASSPHRASE=correct horse battery staple", "EDITOR=true",
			"AWS_REGION=eu-central-1", "AWS_ACCESS_KEY_ID=AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY=x", "AWS_ENDPOINT_URL=http://127.0.0.1:1", "AWS_MAX_ATTEMPTS=1", "AWS_EC2_METADATA_DISABLED=true"}
		ctx, cancel := context.WithTimeout(context.Background(), 500*time.Millisecond) // some serve, or watch, until interrupted
		var out, talk bytes.Buffer
		run(ctx, append([]string{"-C", dir}, args...), streams{in: strings.NewReader(""), out: &out, err: &talk}, environ)
		cancel()
		if misused.Match(talk.Bytes()) && !strings.Contains(talk.String(), "is for hci.hcl with") {
			t.Errorf("%s\n  (%q): %s", line, args, talk.String())
		}
	}
}

// documentedProject is a project as a reader has it.
func documentedProject(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS("../../testdata/project")); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"hci.hcl": "", "old.env": "A=1\n", ".env": "A=1\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// treeState tells a directory from the same one with other files, but for what hci
// remembers.
func treeState(t *testing.T, dir string) string {
	t.Helper()
	var all strings.Builder
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() && d.Name() == "state" {
			return cmp.Or(err, filepath.SkipDir)
		}
		info, err := d.Info()
		if err == nil && !d.IsDir() {
			fmt.Fprintln(&all, path, info.Size(), info.ModTime())
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all.String()
}

// documentedWords are the words of a command line after "hci", as a shell has them.
func documentedWords(line string) []string {
	line, _, _ = strings.Cut(line, " #")
	line, _, _ = strings.Cut(line, " > ")
	line, _, _ = strings.Cut(line, " | ")
	line = strings.TrimPrefix(placeholders.Replace(line), "hci ")
	return strings.Fields(strings.NewReplacer("'", "", `"`, "", "$", "", "…", "", "[", "", "]", "").Replace(line))
}

//go:build interop && unix

package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/creack/pty"

	"hci/internal/testing/interop"
)

// tabbed are command lines, and words that a TAB at their end has to show, and must not.
var tabbed = []struct{ line, shows, not string }{
	{"hci secrets get ", "production staging", "Makefile"},
	{"hci secrets get staging ", "hci_rds_password hci_sentry_dsn", "production Makefile"},
	{"hci deploy task staging ", "hci_migrate", "production Makefile"},
	{"hci deploy --steps ", "login build push migrate update", "Makefile"},
	{"hci tf staging ", "plan apply output", "production Makefile"},
	{"hci env explain staging HCI_", "HCI_RDS_PASSWORD HCI_RDS_HOST", "production"},
	{"hci env import ", "staging old.env", ""},
	{"hci env export --format ", "python next gitlab", "Makefile"},
	{"hci secrets rekey --kdf ", "pbkdf2 EVP_BytesToKey", "Makefile"},
	{"hci secrets ", "diff push pull", "Makefile"},
}

// TestInteropCompletion presses TAB in the real shells.
func TestInteropCompletion(t *testing.T) {
	bin, dir := t.TempDir(), t.TempDir()
	build := exec.Command("go", "build", "-o", filepath.Join(bin, "hci"), ".")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if err := os.CopyFS(dir, os.DirFS("../../testdata/project")); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"hci.hcl": "", "old.env": "A=1\n", "Makefile": ""} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	environ := []string{"PATH=" + bin + ":/usr/local/bin:/usr/bin:/bin", "HOME=" + t.TempDir(), "TERM=xterm", "LANG=C.UTF-8", "HISTFILE=", "PS1=READY> "}
	type completer func(line string, words []string) string
	for shell, begin := range map[string]func(t *testing.T, path string) completer{
		"bash": func(t *testing.T, path string) completer {
			if _, err := os.Stat("/usr/share/bash-completion/bash_completion"); err != nil {
				interop.Missing(t, "bash-completion", "not installed")
			}
			setup := "bind 'set completion-query-items -1'; bind 'set page-completions off'; bind 'set bell-style none'; . /usr/share/bash-completion/bash_completion; . <(hci completion bash)"
			return newInteractive(t, exec.Command(path, "--norc", "--noprofile", "-i"), environ, dir, setup).tab
		},
		"zsh": func(t *testing.T, path string) completer {
			setup := "autoload -Uz compinit; compinit -u -D; LISTMAX=1000; setopt no_beep no_auto_menu; . <(hci completion zsh)"
			return newInteractive(t, exec.Command(path, "-f", "-i"), append(environ, "PROMPT=READY> "), dir, setup).tab
		},
		"fish": func(t *testing.T, path string) completer {
			return func(line string, _ []string) string {
				return ask(t, exec.Command(path, "--no-config", "-c", "hci completion fish | source; complete -C '"+line+"'"), environ, dir)
			}
		},
		"pwsh": func(t *testing.T, path string) completer {
			return func(line string, _ []string) string {
				script := "hci completion powershell | Out-String | Invoke-Expression; (TabExpansion2 '" + line + "').CompletionMatches | ForEach-Object { $_.CompletionText + ' ' + $_.ToolTip }"
				return ask(t, exec.Command(path, "-NoProfile", "-NonInteractive", "-Command", script), append(environ, "DOTNET_ROOT="+os.Getenv("DOTNET_ROOT"), "POWERSHELL_TELEMETRY_OPTOUT=1"), dir)
			}
		},
	} {
		t.Run(shell, func(t *testing.T) {
			complete := begin(t, interop.Need(t, shell))
			described := false
			for _, c := range tabbed {
				words := strings.Fields(c.shows)
				shown := complete(c.line, words)
				for _, word := range words {
					if !showsWord(shown, word) {
						t.Errorf("%q TAB does not show %s: %q", c.line, word, shown)
					}
				}
				for _, word := range strings.Fields(c.not) {
					if showsWord(strings.ReplaceAll(shown, strings.TrimSpace(c.line), ""), word) {
						t.Errorf("%q TAB shows %s: %q", c.line, word, shown)
					}
				}
				described = described || strings.Contains(shown, "staging_secrets.tfvars.enc")
			}
			if !described {
				t.Error("no description was shown")
			}
		})
	}
}

// ask runs a shell that completes a line by itself.
func ask(t *testing.T, cmd *exec.Cmd, environ []string, dir string) string {
	t.Helper()
	cmd.Env, cmd.Dir = environ, dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return string(out)
}

// interactive is a shell at a terminal.
type interactive struct {
	t        *testing.T
	terminal *os.File
	screen   chan []byte
}

func newInteractive(t *testing.T, cmd *exec.Cmd, environ []string, dir, setup string) *interactive {
	t.Helper()
	cmd.Env, cmd.Dir = environ, dir
	terminal, err := pty.StartWithSize(cmd, &pty.Winsize{Rows: 200, Cols: 200})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = terminal.Close(), cmd.Process.Kill(); _ = cmd.Wait() })
	s := &interactive{t, terminal, make(chan []byte, 1000)}
	go func() {
		defer close(s.screen)
		for {
			buf := make([]byte, 4096)
			n, err := terminal.Read(buf)
			if n > 0 {
				s.screen <- buf[:n]
			}
			if err != nil {
				return
			}
		}
	}()
	s.command(setup)
	return s
}

// command runs a command, and waits until the shell has shown all and is ready.
func (s *interactive) command(line string) {
	s.t.Helper()
	s.type_(line + "; echo DO''NE\n")
	s.until(func(shown string) bool {
		_, after, found := strings.Cut(shown, "DONE")
		return found && strings.Contains(after, "READY> ")
	})
}

func (s *interactive) type_(keys string) {
	s.t.Helper()
	if _, err := s.terminal.Write([]byte(keys)); err != nil {
		s.t.Fatal(err)
	}
}

var sequences = regexp.MustCompile(`\x1b\[[0-9;?]*[A-Za-z]|[\r\n]+`)

// until reads what is shown until it is enough, or for half a minute.
func (s *interactive) until(enough func(shown string) bool) string {
	s.t.Helper()
	var all bytes.Buffer
	late := time.After(30 * time.Second)
	for {
		text := sequences.ReplaceAllString(all.String(), "\n")
		if enough(text) {
			return text
		}
		select {
		case more, open := <-s.screen:
			if !open {
				s.t.Fatalf("the shell ended: %q", text)
			}
			all.Write(more)
		case <-late:
			return text
		}
	}
}

// tab types a line and TAB, and returns what is shown, when it has all the words.
func (s *interactive) tab(line string, words []string) string {
	s.command("\x15:")       // away with what the last one left
	s.type_(line + "\t\t\t") // the first may add what all words begin with, the second ring the bell
	return s.until(func(shown string) bool {
		return !slices.ContainsFunc(words, func(w string) bool { return !showsWord(shown, w) })
	})
}

func showsWord(shown, word string) bool {
	return regexp.MustCompile(`(^|[^\w/])` + regexp.QuoteMeta(word) + `\b`).MatchString(shown)
}

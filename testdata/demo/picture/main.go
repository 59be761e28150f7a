// Command picture makes the picture of a terminal in the README: it runs hci on the
// repository of the first hour, at a terminal of its own, and draws what that shows.
//
//	go run ./testdata/demo/picture bin/hci docs/terminal.svg
package main

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/creack/pty"
)

const (
	passphrase = "correct-horse" // of a sample: everybody knows it
	columns    = 80
	inside     = "PICTURE_INSIDE"
)

// shown are the command lines of the picture.
var shown = []string{
	"hci secrets diff staging",
	"hci secrets push staging --yes",
	"hci env export --local -o .env && hci env check",
	"hci map staging",
}

func main() {
	run := outside
	if os.Getenv(inside) != "" {
		run = record
	}
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "picture:", err)
		os.Exit(1)
	}
}

// outside makes the repository, and runs this program again as a client of hci's own
// Secrets Manager, in which one value is an old one.
func outside(args []string) error {
	if len(args) != 2 {
		return errors.New("usage: picture HCI FILE")
	}
	hci, err := filepath.Abs(args[0])
	if err != nil {
		return err
	}
	out, err := filepath.Abs(args[1])
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "picture-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	repo := filepath.Join(dir, "heron")
	if err := os.CopyFS(repo, os.DirFS("testdata/firsthour")); err != nil {
		return err
	}
	if err := os.Rename(filepath.Join(repo, "gitignore"), filepath.Join(repo, ".gitignore")); err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	env := append(os.Environ(), "HOME="+dir, "XDG_STATE_HOME="+filepath.Join(dir, "state"), "HCI_PASSPHRASE="+passphrase, "PATH="+filepath.Dir(hci)+":"+os.Getenv("PATH"), inside+"="+repo)
	at := func(name string, args ...string) error {
		cmd := exec.Command(name, args...)
		cmd.Dir, cmd.Env, cmd.Stderr = repo, env, os.Stderr
		return cmd.Run()
	}
	values := "heron_secret_key  = \"k-$%&/()=?\"\nheron_db_password = \"p w\"\n"
	if err := os.WriteFile(filepath.Join(repo, "infra/tfvars/staging_secrets.tfvars"), []byte(values), 0o600); err != nil {
		return err
	}
	if err := errors.Join(at("git", "init", "-q", "."), at(hci, "secrets", "encrypt", "staging")); err != nil {
		return err
	}
	if err := os.Remove(filepath.Join(repo, "infra/tfvars/staging_secrets.tfvars")); err != nil {
		return err
	}
	if err := at("git", "add", "-A"); err != nil { // what asks for a secret by its name is seen in tracked files
		return err
	}
	return at(hci, "secrets", "serve", "staging", "--", self, hci, out)
}

// record runs the commands, and draws what they show.
func record(args []string) error {
	hci, out := args[0], args[1]
	repo := os.Getenv(inside)
	set := exec.Command(hci, "secrets", "set", "staging", "heron_db_password")
	set.Dir, set.Stdin, set.Env = repo, strings.NewReader("p w of today"), append(os.Environ(), "HCI_PASSPHRASE="+passphrase)
	if text, err := set.CombinedOutput(); err != nil {
		return fmt.Errorf("%w: %s", err, text)
	}
	var lines []string
	for _, line := range shown {
		lines = append(lines, "\x1b[1m$ "+line+"\x1b[0m")
		cmd := exec.Command("sh", "-c", line)
		cmd.Dir, cmd.Env = repo, append(os.Environ(), "HCI_PASSPHRASE="+passphrase, "TERM=xterm", "PAGER=cat")
		terminal, err := pty.StartWithSize(cmd, &pty.Winsize{Rows: 50, Cols: columns})
		if err != nil {
			return err
		}
		text, _ := io.ReadAll(terminal) // a terminal's end is an error on some systems
		_ = cmd.Wait()                  // a difference is exit code 2
		lines = append(lines, strings.Split(strings.TrimRight(strings.ReplaceAll(string(text), "\r\n", "\n"), "\n"), "\n")...)
	}
	return os.WriteFile(out, draw(lines), 0o644)
}

var (
	redrawn = regexp.MustCompile(`.*\r\x1b\[K`) // what was written over
	styled  = regexp.MustCompile("\x1b\\[([0-9]*)m")
	colours = map[string]string{"1": "#ffffff", "31": "#ff7b72", "32": "#7ee787", "33": "#e3b341", "36": "#79c0ff"}
)

// draw makes an SVG of lines with the colours of a terminal. Long lines are wrapped, as
// a terminal does.
func draw(lines []string) []byte {
	const width, height, margin = 8.4, 19, 16
	var text bytes.Buffer
	y := margin
	for _, line := range lines {
		line = redrawn.ReplaceAllString(line, "")
		colour, x := "#d0d7de", 0
		y += height
		for _, part := range split(line) {
			if m := styled.FindStringSubmatch(part); m != nil {
				if colour = colours[m[1]]; colour == "" {
					colour = "#d0d7de"
				}
				continue
			}
			for runes := []rune(part); len(runes) > 0; {
				if x == columns {
					x, y = 0, y+height
				}
				n := min(len(runes), columns-x)
				fmt.Fprintf(&text, `<text x="%.1f" y="%d" fill="%s" xml:space="preserve">`, margin+float64(x)*width, y, colour)
				_ = xml.EscapeText(&text, []byte(string(runes[:n])))
				text.WriteString("</text>\n")
				x, runes = x+n, runes[n:]
			}
		}
	}
	w, h := columns*width+2*margin, y+margin
	return fmt.Appendf(nil, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %.0f %d" font-family="ui-monospace, Menlo, Consolas, monospace" font-size="14">
<rect width="100%%" height="100%%" rx="8" fill="#0d1117"/>
%s</svg>
`, w, h, text.Bytes())
}

// split cuts a line at its styles, and keeps these.
func split(line string) []string {
	var all []string
	last := 0
	for _, at := range styled.FindAllStringIndex(line, -1) {
		all = append(all, line[last:at[0]], line[at[0]:at[1]])
		last = at[1]
	}
	return append(all, line[last:])
}

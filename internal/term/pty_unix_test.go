//go:build unix

package term_test

import (
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/creack/pty"

	"hci/internal/term"
	"hci/sync/secret"
)

// typing is a terminal, a person at it, and what the person sees.
type typing struct {
	terminal *term.Terminal
	device   *os.File
	keys     *os.File
	seen     chan string
}

func at(t *testing.T) *typing {
	t.Helper()
	master, device, err := pty.Open()
	if err != nil {
		t.Skip("no pseudo-terminals here:", err)
	}
	t.Cleanup(func() { _, _ = device.Close(), master.Close() })
	p := &typing{terminal: term.On(device, device), device: device, keys: master, seen: make(chan string, 100)}
	go func() {
		buf := make([]byte, 256)
		for {
			n, err := master.Read(buf)
			if n > 0 {
				p.seen <- string(buf[:n])
			}
			if err != nil {
				close(p.seen)
				return
			}
		}
	}()
	return p
}

// after waits until words were shown, types, and returns all that was shown.
func (p *typing) after(t *testing.T, words, keys string) string {
	t.Helper()
	var all strings.Builder
	for !strings.Contains(all.String(), words) {
		select {
		case s := <-p.seen:
			all.WriteString(s)
		case <-time.After(30 * time.Second):
			t.Fatalf("%q was not shown", words)
		}
	}
	if _, err := io.WriteString(p.keys, keys); err != nil {
		t.Fatal(err)
	}
	return all.String()
}

type answer struct {
	value secret.Value
	err   error
}

func TestSecretIsNotEchoed(t *testing.T) {
	p := at(t)
	done := make(chan answer, 1)
	go func() {
		v, err := p.terminal.Secret("Passphrase: ")
		done <- answer{v, err}
	}()
	shown := p.after(t, "Passphrase: ", "s3cr3t typed\r")
	got := <-done
	if got.err != nil || !got.value.Equal(secret.New("s3cr3t typed")) {
		t.Fatalf("%v", got.err)
	}
	go func() { _, _ = p.terminal.Confirm("Then?", false) }()
	if shown += p.after(t, "Then?", "y\r"); strings.Contains(shown, "s3cr3t") {
		t.Error("what was typed was shown")
	}
}

func TestNewSecretIsAskedTwice(t *testing.T) {
	p := at(t)
	done := make(chan answer, 1)
	go func() {
		v, err := p.terminal.NewSecret("New: ")
		done <- answer{v, err}
	}()
	p.after(t, "New: ", "one\r")
	p.after(t, "Once more: ", "two\r")
	p.after(t, "New: ", "three\r")
	p.after(t, "Once more: ", "three\r")
	if got := <-done; got.err != nil || !got.value.Equal(secret.New("three")) {
		t.Errorf("%v", got.err)
	}
}

func TestConfirm(t *testing.T) {
	p := at(t)
	for _, c := range []struct {
		keys      string
		byDefault bool
		want      bool
	}{{"y\r", false, true}, {"no\r", true, false}, {"\r", true, true}, {"\r", false, false}, {"what\ryes\r", false, true}} {
		done := make(chan bool, 1)
		go func() {
			yes, err := p.terminal.Confirm("Sure?", c.byDefault)
			done <- yes && err == nil
		}()
		p.after(t, "Sure?", c.keys)
		if got := <-done; got != c.want {
			t.Errorf("%q by default %v: %v", c.keys, c.byDefault, got)
		}
	}
}

// TestProgress shows a line that goes again, on a terminal and nowhere else.
func TestProgress(t *testing.T) {
	master, device, err := pty.Open()
	if err != nil {
		t.Skip("no pseudo-terminals here:", err)
	}
	t.Cleanup(func() { _, _ = device.Close(), master.Close() })
	progress := term.NewProgress(device, 3)
	progress.Step()
	progress.Clear()
	progress.Step()
	progress.Clear()
	progress.Step() // the last one needs no line
	progress.Clear()
	const want = "1 of 3 done\r\x1b[K2 of 3 done\r\x1b[K"
	buf := make([]byte, len(want))
	if _, err := io.ReadFull(master, buf); err != nil || string(buf) != want {
		t.Errorf("%q, %v", buf, err)
	}
	var b strings.Builder
	quiet := term.NewProgress(&b, 3)
	quiet.Step()
	quiet.Clear()
	if b.Len() > 0 {
		t.Errorf("%q is no terminal's", b.String())
	}
}

// TestStatus shows one line in place of the other, cut to the terminal's width.
func TestStatus(t *testing.T) {
	master, device, err := pty.Open()
	if err != nil {
		t.Skip("no pseudo-terminals here:", err)
	}
	t.Cleanup(func() { _, _ = device.Close(), master.Close() })
	if err := pty.Setsize(device, &pty.Winsize{Rows: 24, Cols: 9}); err != nil {
		t.Fatal(err)
	}
	status := term.NewStatus(device)
	if !status.Show("first") || !status.Show("a second that is too long") {
		t.Fatal("it is a terminal")
	}
	status.Clear()
	status.Clear() // there is nothing any more
	const want = "first\r\x1b[Ka second\r\x1b[K"
	buf := make([]byte, len(want))
	if _, err := io.ReadFull(master, buf); err != nil || string(buf) != want {
		t.Errorf("%q, %v", buf, err)
	}
	var b strings.Builder
	if term.NewStatus(&b).Show("x") || b.Len() > 0 {
		t.Errorf("%q is no terminal's", b.String())
	}
}

func TestColourOnATerminal(t *testing.T) {
	master, device, err := pty.Open()
	if err != nil {
		t.Skip("no pseudo-terminals here:", err)
	}
	t.Cleanup(func() { _, _ = device.Close(), master.Close() })
	env := map[string]string{"TERM": "xterm"}
	if !term.Colour(device, func(name string) string { return env[name] }) {
		t.Error("no colour on a terminal")
	}
	env["NO_COLOR"] = "1"
	if term.Colour(device, func(name string) string { return env[name] }) {
		t.Error("colour though NO_COLOR is set")
	}
}

// TestTyped: what a person types once serves all environments but those that it
// does not open.
func TestTyped(t *testing.T) {
	p := at(t)
	passphrases := &term.Passphrases{Lookup: none, Terminal: p.terminal}
	ask := func(env, keys string) answer {
		t.Helper()
		done := make(chan answer, 1)
		go func() {
			v, err := passphrases.Get(t.Context(), env)
			done <- answer{v.Value, err}
		}()
		if keys != "" {
			p.after(t, "Passphrase for "+env+": ", keys)
		}
		return <-done
	}
	want := func(got answer, text string) {
		t.Helper()
		if got.err != nil || !got.value.Equal(secret.New(text)) {
			t.Errorf("%v", got.err)
		}
	}
	want(ask("staging", "one\r"), "one")
	want(ask("production", ""), "one")
	if !passphrases.Mistyped("production") {
		t.Error("another one is not asked for")
	}
	want(ask("production", "two\r"), "two")
	want(ask("production", ""), "two")
	want(ask("staging", ""), "one")

	done := make(chan answer, 1)
	go func() {
		v, err := passphrases.GetNew(t.Context(), "staging")
		done <- answer{v.Value, err}
	}()
	p.after(t, "New passphrase: ", "three\r")
	p.after(t, "Once more: ", "three\r")
	want(<-done, "three")
	if v, err := passphrases.GetNew(t.Context(), "production"); err != nil || !v.Value.Equal(secret.New("three")) {
		t.Errorf("%v", err)
	}
}

// What takes long is shown, what is written goes before it, and it is taken away for
// a question and at the end.
func TestSpinner(t *testing.T) {
	p := at(t)
	device := p.device
	busy := term.NewSpinner(device)
	screen := term.NewScreen(false)
	screen.Watch(busy)
	done := busy.Wait("asking\x1b AWS")
	if got := p.after(t, "asking? AWS", ""); !strings.HasPrefix(got, "\r\x1b[K⠙ asking? AWS") {
		t.Errorf("shown: %q", got)
	}
	if _, err := io.WriteString(screen.Writer(device), "a line\n"); err != nil {
		t.Fatal(err)
	}
	if got := p.after(t, "a line", ""); !strings.Contains(got, "\r\x1b[Ka line\r\n") {
		t.Errorf("a line beside it: %q", got)
	}
	p.after(t, "asking", "")
	release := busy.Hold()
	if _, err := io.WriteString(device, "Question: "); err != nil {
		t.Fatal(err)
	}
	if got := p.after(t, "Question: ", ""); !strings.HasSuffix(got, "\r\x1b[KQuestion: ") {
		t.Errorf("a question: %q", got)
	}
	release()
	done()
	done = busy.Wait("short")
	done()
	if _, err := io.WriteString(device, "end"); err != nil {
		t.Fatal(err)
	}
	if got := p.after(t, "end", ""); strings.Contains(got, "short") || strings.Count(got, "\r\x1b[K") > 1 && !strings.HasSuffix(got, "\r\x1b[Kend") {
		t.Errorf("the end: %q", got)
	}

	var none *term.Spinner
	none.Wait("nothing")()
	none.Hold()()
	var buf strings.Builder
	term.NewSpinner(&buf).Wait("nothing")()
	if buf.Len() > 0 {
		t.Errorf("without a terminal: %q", buf.String())
	}
}

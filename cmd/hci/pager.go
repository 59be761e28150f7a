package main

import (
	"errors"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"

	"hci/internal/child"
	"hci/internal/term"
)

// paged are the commands that only report, so that somebody can read at leisure.
var paged = []string{
	"check", "doctor", "env check", "secrets age", "secrets diff", "secrets history", "secrets list", "secrets log", "secrets status",
}

// list prints a report. On a terminal that it does not fit on it goes through a pager,
// as git's lists do: HCI_PAGER, else PAGER, else less; "" and "cat" are none. Values
// never do, as a pager can write a file and start a program.
func (a *app) list(text string) error {
	if argv := a.pager(text); argv != nil {
		return a.page(argv, text)
	}
	_, err := a.out.Write([]byte(text))
	return err
}

// pager is the command line of the pager that a text needs; nil for none.
func (a *app) pager(text string) []string {
	if dumb := a.getenv("TERM"); dumb == "dumb" || dumb == "" && runtime.GOOS != "windows" {
		return nil
	}
	if !term.IsTerminal(a.raw.out) || a.plain || a.unpaged || !slices.Contains(paged, a.command) {
		return nil
	}
	if strings.Count(text, "\n") < term.Height(a.raw.out) {
		return nil
	}
	command, set := a.lookup("HCI_PAGER")
	if !set {
		command, set = a.lookup("PAGER")
	}
	if !set {
		command = "less"
	}
	argv := strings.Fields(command)
	if len(argv) == 0 || argv[0] == "cat" {
		return nil
	}
	path, err := exec.LookPath(argv[0])
	if err != nil {
		return nil
	}
	return append([]string{path}, argv[1:]...)
}

// page runs the pager. It ends when the person leaves it, however it does.
func (a *app) page(argv []string, text string) error {
	environ := a.environFor(child.Pager)
	for _, v := range []string{"LESS=FRX", "LESSHISTFILE=-", "LV=-c"} { // unless the user has them
		name, _, _ := strings.Cut(v, "=")
		if _, set := a.lookup(name); !set {
			environ = append(environ, v)
		}
	}
	in, out, err := os.Pipe()
	if err != nil {
		return err
	}
	go func() {
		_, _ = a.screen.Writer(out).Write([]byte(text)) // it fails where the person has read enough
		_ = out.Close()
	}()
	defer func() { _ = in.Close() }()
	err = child.Command{Argv: argv, Env: environ, In: in, Out: a.raw.out, Err: a.raw.err, Terminal: true}.Run()
	if _, ended := errors.AsType[*child.ExitError](err); ended {
		return nil
	}
	return err
}

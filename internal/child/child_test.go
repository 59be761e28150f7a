package child_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"hci/internal/child"
)

// The test binary is the program that is run: HCI_TEST_CHILD says what to do.
func TestMain(m *testing.M) {
	switch os.Getenv("HCI_TEST_CHILD") {
	case "copy":
		_, _ = io.Copy(os.Stdout, os.Stdin)
		fmt.Fprint(os.Stderr, os.Getenv("GIVEN"))
		os.Exit(7)
	case "signal":
		c := make(chan os.Signal, 1)
		signal.Notify(c, syscall.SIGTERM)
		fmt.Println("ready")
		<-c
		os.Exit(9)
	case "killed":
		p, _ := os.FindProcess(os.Getpid())
		_ = p.Kill()
		select {}
	}
	os.Exit(m.Run())
}

func code(t *testing.T, err error) int {
	t.Helper()
	var exit *child.ExitError
	if !errors.As(err, &exit) {
		t.Fatalf("%v", err)
	}
	return exit.Code
}

func TestStreamsAndExitCode(t *testing.T) {
	var out, errOut bytes.Buffer
	err := child.Command{
		Argv: []string{os.Args[0]}, Env: append(os.Environ(), "HCI_TEST_CHILD=copy", "GIVEN=to it"),
		In: strings.NewReader("input"), Out: &out, Err: &errOut,
	}.Run()
	if got := code(t, err); got != 7 || out.String() != "input" || errOut.String() != "to it" {
		t.Errorf("code %d, stdout %q, stderr %q", got, out.String(), errOut.String())
	}
}

func TestNotThere(t *testing.T) {
	if err := (child.Command{Argv: []string{"no-such-program-here"}}).Run(); err == nil {
		t.Error("no error")
	}
}

func TestSignals(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no such signals")
	}
	r, w := io.Pipe()
	done := make(chan error)
	go func() {
		done <- child.Command{Argv: []string{os.Args[0]}, Env: append(os.Environ(), "HCI_TEST_CHILD=signal"), Out: w}.Run()
	}()
	if _, err := r.Read(make([]byte, 6)); err != nil {
		t.Fatal(err)
	}
	self, err := os.FindProcess(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	if err := self.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if got := code(t, <-done); got != 9 {
		t.Errorf("code %d, want the program's own", got)
	}
	err = child.Command{Argv: []string{os.Args[0]}, Env: append(os.Environ(), "HCI_TEST_CHILD=killed")}.Run()
	if got := code(t, err); got != 128+9 {
		t.Errorf("code %d after SIGKILL", got)
	}
}

//go:build unix

package interrupt

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"
)

// The test binary is the process that is interrupted: HCI_TEST_INTERRUPT says
// what it does, a line on stdout what it has come to.
func TestMain(m *testing.M) {
	switch os.Getenv("HCI_TEST_INTERRUPT") {
	case "":
		os.Exit(m.Run())
	case "stubborn":
		ctx, stop := Context(context.Background())
		defer stop()
		fmt.Println("ready")
		<-ctx.Done()
		fmt.Println("first")
		select {} // as if the work that is under way could not be ended
	case "held":
		ctx, stop := Context(context.Background())
		defer stop()
		release := Hold()
		fmt.Println("ready")
		<-ctx.Done()
		fmt.Println("first")
		time.Sleep(200 * time.Millisecond) // the second comes
		release()
		fmt.Println("released")
		select {}
	case "again":
		outer, stop := Context(context.Background())
		defer stop()
		fmt.Println("ready")
		<-outer.Done()
		inner, stopInner := Context(context.Background())
		defer stopInner()
		fmt.Println("first")
		<-inner.Done()
		fmt.Println("second")
		select {}
	case "nohup":
		ctx, stop := Context(context.Background())
		defer stop()
		fmt.Println("ready")
		select {
		case <-ctx.Done():
			fmt.Println("ended")
		case <-time.After(200 * time.Millisecond):
			fmt.Println("ignored")
		}
		os.Exit(0)
	}
}

type process struct {
	t     *testing.T
	cmd   *exec.Cmd
	lines *bufio.Scanner
}

func start(t *testing.T, what string, by ...string) *process {
	t.Helper()
	argv := append(by, os.Args[0])
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.Env = append(os.Environ(), "HCI_TEST_INTERRUPT="+what)
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	p := &process{t, cmd, bufio.NewScanner(out)}
	p.says("ready")
	return p
}

func (p *process) says(want string) {
	p.t.Helper()
	if !p.lines.Scan() || p.lines.Text() != want {
		p.t.Fatalf("it says %q, want %q", p.lines.Text(), want)
	}
}

func (p *process) send(s syscall.Signal) {
	p.t.Helper()
	if err := p.cmd.Process.Signal(s); err != nil {
		p.t.Fatal(err)
	}
}

func (p *process) ends(code int) {
	p.t.Helper()
	err := p.cmd.Wait()
	var exit *exec.ExitError
	got := 0
	if errors.As(err, &exit) {
		got = exit.ExitCode()
	}
	if got != code {
		p.t.Errorf("%v, want exit code %d", err, code)
	}
}

func TestTheSecondSignalEndsTheProcess(t *testing.T) {
	for _, s := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP} {
		p := start(t, "stubborn")
		p.send(s)
		p.says("first")
		p.send(s)
		p.ends(130)
	}
}

func TestHold(t *testing.T) {
	p := start(t, "held")
	p.send(syscall.SIGINT)
	p.says("first")
	p.send(syscall.SIGINT)
	p.says("released") // the second did nothing
	p.send(syscall.SIGINT)
	p.ends(130)
}

func TestALaterContextTakesTheSignals(t *testing.T) {
	p := start(t, "again")
	p.send(syscall.SIGINT)
	p.says("first")
	p.send(syscall.SIGINT)
	p.says("second")
	p.send(syscall.SIGINT)
	p.ends(130)
}

func TestIgnoredFromTheBeginning(t *testing.T) {
	p := start(t, "nohup", "sh", "-c", `trap "" HUP; exec "$0"`)
	p.send(syscall.SIGHUP)
	p.says("ignored")
	p.ends(0)
}

//go:build unix

package main

import (
	"bytes"
	"net/http"
	"os"
	"os/exec"
	"strings"
	stdsync "sync"
	"testing"
	"time"

	"github.com/creack/pty"

	"hci/internal/testing/fakeaws"
)

// typed is hci on a terminal, and what a person sees there.
type typed struct {
	t    *testing.T
	cmd  *exec.Cmd
	keys *os.File
	seen chan string
	all  strings.Builder
	at   int // what was seen before was answered
}

func (s *stage) onTerminal(args ...string) *typed {
	s.t.Helper()
	p := &typed{t: s.t, cmd: s.process(args...), seen: make(chan string, 1000)}
	keys, err := pty.Start(p.cmd)
	if err != nil {
		s.t.Skip("no pseudo-terminals here:", err)
	}
	p.keys = keys
	s.t.Cleanup(func() { _ = keys.Close() })
	go func() {
		defer close(p.seen)
		buf := make([]byte, 4096)
		for {
			n, err := keys.Read(buf)
			p.seen <- string(buf[:n])
			if err != nil {
				return
			}
		}
	}()
	return p
}

// after waits until words were shown, and types.
func (p *typed) after(words, keys string) {
	p.t.Helper()
	for !strings.Contains(p.all.String()[p.at:], words) {
		select {
		case text, ok := <-p.seen:
			p.all.WriteString(text)
			if !ok {
				p.t.Fatalf("%q is not shown:\n%s", words, p.all.String())
			}
		case <-time.After(time.Minute):
			p.t.Fatalf("%q is not shown:\n%s", words, p.all.String())
		}
	}
	p.at += strings.Index(p.all.String()[p.at:], words) + len(words)
	if _, err := p.keys.WriteString(keys); err != nil {
		p.t.Fatal(err)
	}
}

// ends waits for the end, which must be with a code and have said all texts.
func (p *typed) ends(code int, texts ...string) {
	p.t.Helper()
	for text := range p.seen {
		p.all.WriteString(text)
	}
	_ = p.cmd.Wait()
	played{code: p.cmd.ProcessState.ExitCode(), out: p.all.String()}.is(p.t, code, texts...)
}

// TestDeployAsksForNames: what the code doesn't tell is asked for once, with the
// name of the setting.
func TestDeployAsksForNames(t *testing.T) {
	s := newStage(t, fakeaws.Healthy)
	s.forgetService()
	p := s.onTerminal(deployStaging("--dry-run", "--image", "deployed")...)
	p.after("service is not known: the Terraform code declares no ECS service whose name is known. service: ", "hci_service_staging\r")
	p.after("cluster is not known: the Terraform code does not tell the cluster of the service. cluster: ", "hci_cluster_staging\r")
	p.ends(0, `with service = "hci_service_staging" in the deploy block of hci.hcl it is not asked again`, "service hci_service_staging in cluster hci_cluster_staging")
}

const ctrlC = "\x03"

// TestDeployTyped: the questions on a terminal, and a crash loop's.
func TestDeployTyped(t *testing.T) {
	s := newStage(t, fakeaws.Healthy)
	s.held(s.commit())
	p := s.onTerminal("deploy", "--poll", "10ms")
	p.after("Which environment (production, staging)? ", "staging\r")
	p.after("Migrate the database? [y/n] ", "\r") // there is no default
	p.after("Migrate the database? [y/n] ", "y\r")
	for _, q := range []string{"Authenticate to the registry?", "Build the image?", "Push the image?"} {
		p.after(q, "n\r")
	}
	p.after("Update the service? [y/n] ", "y\r")
	p.after("2. update", "")
	p.after("Proceed? [y/N] ", "y\r")
	p.ends(0, "hci: deployed")
	before := len(s.changed())
	p = s.onTerminal("deploy", "staging", "--steps", "update", "--poll", "10ms")
	p.after("Proceed? [y/N] ", "\r")
	p.ends(1, "nothing was done")
	if changed := s.changed(); len(changed) != before {
		t.Errorf("asked for %q", changed[before:])
	}

	looping := newStage(t, fakeaws.CrashLoop)
	looping.held(looping.commit())
	p = looping.onTerminal("deploy", "staging", "--steps", "update", "--poll", "10ms")
	p.after("Proceed? [y/N] ", "y\r")
	p.after("Roll back to the revision before?", "y\r")
	p.ends(1, "its tasks stop again and again", "not deployed: rolled back", "it was rolled back")
}

// TestDeployServicesRolledBack: if one of several services fails, hci asks whether to roll
// back those that have changed; Enter means no.
func TestDeployServicesRolledBack(t *testing.T) {
	for _, c := range []struct {
		keys string
		says []string
		runs string // revision
	}{
		{"y\r", []string{"service hci_service_staging: rolled back to hci_web_staging:1", "service hci_beat_staging: rolled back to hci_beat_staging:1"}, ":1"},
		{"\r", []string{"service hci_service_staging: deployed", "service hci_beat_staging: deployed"}, ":2"},
	} {
		s := newStage(t, fakeaws.Healthy, (*stage).services, func(s *stage) { s.failing = "hci_worker_staging" })
		s.held(s.commit())
		p := s.onTerminal("deploy", "staging", "--steps", "update", "--poll", "10ms")
		p.after("Proceed? [y/N] ", "y\r")
		p.after("hci_worker_staging: Roll back to the revision before?", "y\r")
		p.after("Roll back hci_service_staging, hci_beat_staging, too? [y/N] ", c.keys)
		p.ends(1, c.says...)
		for service, want := range map[string]string{"hci_service_staging": "hci_web_staging" + c.runs, "hci_beat_staging": "hci_beat_staging" + c.runs, "hci_worker_staging": "hci_worker_staging:1"} {
			if runs, _ := s.serviceRuns(service); runs != want {
				t.Errorf("%q: %s runs %s, want %s", c.keys, service, runs, want)
			}
		}
	}
}

// askedInRollout is hci where it asks what becomes of a rollout, whose tasks start
// once hold is closed.
func askedInRollout(t *testing.T) (s *stage, p *typed, hold chan struct{}) {
	t.Helper()
	s = newStage(t, fakeaws.Healthy)
	s.held(s.commit())
	hold = make(chan struct{})
	s.player.set(func(p *player) { p.hold = hold })
	p = s.onTerminal("deploy", "update", "staging", "--yes", "--poll", "10ms")
	p.after("is under way", "")
	p.after("0 of 1 tasks run, 1 start", ctrlC)
	p.after("[l]eave it, [r]oll back and wait, or [c]ontinue to watch?", "")
	return s, p, hold
}

// TestDeployCtrlC: what becomes of a rollout is asked; what is decided is done.
func TestDeployCtrlC(t *testing.T) {
	for _, c := range []struct {
		name, keys string
		free       bool // the tasks start after that
		code       int
		says       string
		runs       string
	}{
		{"leave", "l\r", false, 130, "'hci deploy --resume staging' watches it again", "hci_web_staging:2"},
		{"a second time", ctrlC, false, 130, "'hci deploy --resume staging' watches it again", "hci_web_staging:2"},
		{"continue", "c\r", true, 0, "hci: deployed", "hci_web_staging:2"},
		{"roll back", "r\r", false, 130, "it was rolled back", "hci_web_staging:1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, p, hold := askedInRollout(t)
			p.after("", c.keys)
			if c.free {
				close(hold)
			}
			p.ends(c.code, "the deployment goes on at AWS", c.says)
			if runs, _ := s.runs(); runs != c.runs {
				t.Errorf("%s runs, want %s", runs, c.runs)
			}
			if c.name == "roll back" { // what somebody else deploys after that is not gone over
				close(hold)
				s.registersSecret()
				s.call("ecs", "UpdateService", map[string]any{"cluster": s.names.Cluster, "service": s.names.Service, "taskDefinition": "hci_web_staging:3"})
				s.until("hci_web_staging:3")
				s.run("deploy", "staging", "--resume", "--yes", goOn).is(t, 5, "somebody else has deployed hci_web_staging:3 since")
			}
		})
	}
}

// TestDeployStopped: the next attempt goes over what a stop went back to, and not over
// what somebody else makes of that.
func TestDeployStopped(t *testing.T) {
	for _, restarted := range []bool{false, true} {
		s, p, hold := askedInRollout(t)
		p.after("", "r\r")
		p.ends(130, "it was rolled back")
		close(hold)
		s.until("hci_web_staging:1")
		if restarted {
			s.restarts("hci_web_staging:1")
			s.steady()
			s.run("deploy", "staging", "--resume", "--yes", goOn).is(t, 5, "either ECS has rolled this deployment back, or somebody else has deployed hci_web_staging:1 since")
			continue
		}
		s.run("deploy", "staging", "--resume", "--yes", goOn).is(t, 0, "hci: deployed\n")
	}
}

// TestDeployStoppedLate: until the service goes back, hci knows its own deployment.
func TestDeployStoppedLate(t *testing.T) {
	s, p, hold := askedInRollout(t)
	defer close(hold)
	var mu stdsync.Mutex
	var old []byte
	stopped, waits := false, make(chan struct{})
	s.setRewrite(func(operation string, answer []byte) []byte {
		mu.Lock()
		defer mu.Unlock()
		switch operation {
		case "StopServiceDeployment":
			stopped = true
		case "DescribeServices":
			if old == nil {
				old = answer
			}
			if stopped && waits != nil {
				close(waits)
				waits = nil
			}
			return old
		}
		return answer
	})
	asked := waits
	p.after("", "r\r")
	<-asked
	p.after("", ctrlC)
	p.ends(130, "the rollback to hci_web_staging:1 goes on at AWS", "'hci deploy status staging' shows how far it is")
	s.run("deploy", "staging", "--resume", "--yes", goOn).is(t, 5, "this deployment's own rollout, of hci_web_staging:2, was told to stop, and the service has not gone back to hci_web_staging:1 yet")
	s.setRewrite(nil)
	s.until("hci_web_staging:1")
	s.run("deploy", "staging", "--resume", "--yes", goOn).is(t, 5, "this deployment was told to stop, and hci_web_staging:1 is what the service went back to, unless somebody else has deployed that since")
}

// TestDeployEndsWhileAsked: what has become of the rollout by the time of the answer is
// told.
func TestDeployEndsWhileAsked(t *testing.T) {
	s, p, hold := askedInRollout(t)
	s.registersSecret()
	close(hold)
	s.restarts("hci_web_staging:3")
	s.until("hci_web_staging:3")
	p.after("", "r\r")
	p.ends(130, "not deployed: superseded", "another deployment took its place", "hci_web_staging:3 is the service's deployment now")
	if runs, _ := s.runs(); runs != "hci_web_staging:3" {
		t.Errorf("%s runs", runs)
	}
}

// TestDeployRollbackLeft: a rollback that is left is no licence to go over somebody
// else's.
func TestDeployRollbackLeft(t *testing.T) {
	s, p, hold := askedInRollout(t)
	going := make(chan struct{})
	var once stdsync.Once
	s.setRewrite(func(operation string, answer []byte) []byte {
		if operation == "DescribeServices" && bytes.Contains(answer, []byte("StopServiceDeployment request")) {
			once.Do(func() { close(going) })
		}
		if operation == "DescribeServices" {
			return bytes.ReplaceAll(answer, []byte(`"COMPLETED"`), []byte(`"IN_PROGRESS"`))
		}
		return answer
	})
	p.after("", "r\r")
	<-going
	p.after("hci_web_staging:1 in progress", ctrlC)
	p.ends(130, "the rollback to hci_web_staging:1 goes on at AWS", "hci_web_staging:1 is the service's deployment now")
	s.setRewrite(nil)
	close(hold)
	s.until("hci_web_staging:1")
	s.restarts("hci_web_staging:1")
	s.steady()
	s.run("deploy", "staging", "--resume", "--yes", goOn).is(t, 5, "either ECS has rolled this deployment back, or somebody else has deployed hci_web_staging:1 since")
}

// TestDeployGivenUpWhileAsked: ECS gives a deployment up and goes not back by itself:
// what was decided is done.
func TestDeployGivenUpWhileAsked(t *testing.T) {
	for _, keys := range []string{"r\r", ctrlC} {
		s, p, hold := askedInRollout(t)
		s.setRewrite(givenUp("hci_web_staging:2", "PRIMARY"))
		p.after("", keys)
		if keys == ctrlC { // leave
			p.ends(130, "watches it again")
			close(hold)
			continue
		}
		p.ends(130, "not deployed: ", "hci_web_staging:1")
		close(hold)
		if runs, _ := s.runs(); runs != "hci_web_staging:1" {
			t.Errorf("%s runs", runs)
		}
	}
}

// TestDeployGivenUpAndRefused: nothing goes on then, and it is said how to go back.
func TestDeployGivenUpAndRefused(t *testing.T) {
	for _, keys := range []string{"r\r"} {
		s, p, hold := askedInRollout(t)
		s.setRewrite(givenUp("hci_web_staging:2", "PRIMARY"))
		s.refuses("StopServiceDeployment", "UpdateService")
		p.after("", keys)
		p.ends(130, "not deployed: failed, and the rollback to hci_web_staging:1 failed: it could not be stopped: ", "ECS gave it up: tasks failed to start", "'hci deploy rollback staging' goes back, once the cause is fixed")
		close(hold)
	}
}

// TestDeployBackToWithdrawn: where ECS can't be made to go back, hci does, to a copy if
// the revision was withdrawn meanwhile.
func TestDeployBackToWithdrawn(t *testing.T) {
	s, p, hold := askedInRollout(t)
	s.refuses("StopServiceDeployment")
	s.withdraws("hci_web_staging:1")
	p.after("", "r\r")
	p.after("registered hci_web_staging:3", "")
	s.await("hci_web_staging:3")
	close(hold)
	p.ends(130, "it was rolled back", "hci_web_staging:3 is the service's deployment now")
}

// TestDeployBackRefused: where that can't be, either, what to go back to is not
// forgotten.
func TestDeployBackRefused(t *testing.T) {
	s, p, hold := askedInRollout(t)
	s.refuses("StopServiceDeployment", "RegisterTaskDefinition")
	s.withdraws("hci_web_staging:1")
	p.after("", "r\r")
	p.ends(130, "the rollback to hci_web_staging:1 failed: it could not be stopped: ", "AccessDeniedException")
	if text := s.journal(); !strings.Contains(text, `"before": "hci_web_staging:1"`) {
		t.Error(text)
	}
	close(hold)
}

// TestDeployStoppedAndOvertaken: nor does the service go back if somebody makes it go
// elsewhere.
func TestDeployStoppedAndOvertaken(t *testing.T) {
	s, p, hold := askedInRollout(t)
	defer close(hold)
	s.registersSecret()
	s.onceAfter("StopServiceDeployment", func() {
		s.restarts("hci_web_staging:3")
	})
	p.after("", "r\r")
	p.ends(130, "not deployed: superseded", "hci_web_staging:3 is the service's deployment now", "'hci deploy status staging' shows what runs")
}

// TestDeployLeftAndOvertaken: what somebody took the place of does not go on.
func TestDeployLeftAndOvertaken(t *testing.T) {
	s, p, hold := askedInRollout(t)
	defer close(hold)
	s.restarts("hci_web_staging:1")
	p.after("", "l\r")
	p.ends(130, "not deployed: ", "hci_web_staging:1 is the service's deployment now")
	if strings.Contains(p.all.String(), "watches it again") {
		t.Errorf("it is said to go on:\n%s", p.all.String())
	}
}

// TestDeployLeftTooLate: what came to its end by the time of the answer was not left.
func TestDeployLeftTooLate(t *testing.T) {
	s, p, hold := askedInRollout(t)
	close(hold)
	s.until("hci_web_staging:2")
	p.after("", "l\r")
	p.ends(0, "the deployment has come to its end meanwhile, and is what runs", "hci: deployed")
}

// TestDeployStopInterrupted: nor is one that was not waited for.
func TestDeployStopInterrupted(t *testing.T) {
	s, p, hold := askedInRollout(t)
	defer close(hold)
	asked, free := make(chan struct{}), make(chan struct{})
	s.on("after", func(operation string) {
		if operation == "StopServiceDeployment" {
			close(asked)
			<-free
		}
	})
	p.after("", "r\r")
	<-asked
	p.after("", ctrlC)
	p.ends(130, "the rollback to hci_web_staging:1 failed: whether it was stopped is not known: ", "'hci deploy --resume staging' finds out")
	close(free)
}

// TestDeployStopUnknown: a stop whose answer was lost is not called refused.
func TestDeployStopUnknown(t *testing.T) {
	s, p, hold := askedInRollout(t)
	defer close(hold)
	s.on("after", func(operation string) {
		if operation == "StopServiceDeployment" {
			s.on("before", func(string) { panic(http.ErrAbortHandler) }) // the network is gone
			panic(http.ErrAbortHandler)
		}
	})
	p.after("", "r\r")
	p.ends(130, "the rollback to hci_web_staging:1 failed: whether it was stopped is not known: ", "'hci deploy --resume staging' finds out")
}

// TestDeployStopRefused: a stop that AWS refuses is no stop.
func TestDeployStopRefused(t *testing.T) {
	s, p, hold := askedInRollout(t)
	defer close(hold)
	s.refuses("StopServiceDeployment", "UpdateService")
	p.after("", "r\r")
	p.ends(130, "the rollback to hci_web_staging:1 failed: it could not be stopped: ", "AccessDeniedException", "the deployment goes on at AWS; 'hci deploy --resume staging' watches it again")
}

// TestDeployStopTooLate: what has come to its end while the question stood is not
// undone.
func TestDeployStopTooLate(t *testing.T) {
	for _, keys := range []string{"r\r"} {
		s, p, hold := askedInRollout(t)
		close(hold)
		s.until("hci_web_staging:2")
		p.after("", keys)
		p.ends(0, "the deployment has come to its end meanwhile, and is what runs", "hci: deployed")
		if runs, _ := s.runs(); runs != "hci_web_staging:2" {
			t.Errorf("%s runs", runs)
		}
	}
}

// TestDeployTable: on a terminal the services stand in a table of a line each, which is
// written over; elsewhere, and with --plain, nothing is.
func TestDeployTable(t *testing.T) {
	s := newStage(t, fakeaws.Healthy, (*stage).services)
	s.held(s.commit())
	hold := make(chan struct{})
	s.player.set(func(p *player) { p.hold = hold })
	p := s.onTerminal("deploy", "staging", "--steps", "update", "--yes", "--poll", "10ms")
	p.after("hci_service_staging  hci_web_staging:2 in progress: 0 of 1 tasks run", "")
	close(hold)
	p.ends(0, "hci_worker_staging   hci_worker_staging:2", "\x1b[1A", "hci: deployed")
	plain := newStage(t, fakeaws.Healthy, (*stage).services)
	plain.held(plain.commit())
	p = plain.onTerminal("--plain", "deploy", "staging", "--steps", "update", "--yes", "--poll", "10ms")
	p.ends(0, "hci_worker_staging: hci_worker_staging:2 in progress", "hci: deployed")
	if strings.Contains(p.all.String(), "\x1b") {
		t.Errorf("it is written over: %q", p.all.String())
	}
}

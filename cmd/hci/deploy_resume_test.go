package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	stdsync "sync"
	"sync/atomic"
	"testing"
	"time"

	"hci/internal/testing/fakeaws"
)

// process runs hci as a process of its own, which can be killed.
func (s *stage) process(args ...string) *exec.Cmd {
	cmd := exec.Command("hci", append([]string{"-C", s.dir}, args...)...)
	cmd.Env = append(slices.Clone(s.environ), "PATH="+os.Getenv("PATH"))
	return cmd
}

// TestDeployKilled kills hci at every request that changes something, before AWS
// sees it and before hci sees the answer: --resume goes on, and the migration runs
// once.
func TestDeployKilled(t *testing.T) {
	for n := range 4 { // RegisterTaskDefinition, RunTask, RegisterTaskDefinition, UpdateService
		for _, moment := range []string{"before", "after"} {
			t.Run(fmt.Sprintf("%d %s", n, moment), func(t *testing.T) {
				s := newStage(t, fakeaws.Healthy)
				s.held(s.commit())
				s.killed(n, moment)
				p := s.run("deploy", "staging", "--resume", "--poll", "10ms", "--yes")
				p.is(t, 0, "staging: going on with the deployment of commit", "hci: deployed\n")
				_, image := s.runs()
				if got := s.player.migrated(); !slices.Equal(got, []string{image}) {
					t.Errorf("migrated in %q, runs %s", got, image)
				}
				s.run("deploy", "staging", "--resume").is(t, 1, "no deployment was left unfinished", "'hci deploy' begins one")
			})
		}
	}
}

// killed lets a deployment be killed at the nth request that changes something.
func (s *stage) killed(n int, moment string) {
	s.t.Helper()
	s.killedIn(deployStaging(), n, moment)
}

// killedIn lets hci be killed so: before AWS does what it is asked, after, or
// instead.
func (s *stage) killedIn(args []string, n int, moment string) {
	s.t.Helper()
	cmd := s.process(args...)
	var out strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &out
	started, fired := make(chan struct{}), make(chan struct{})
	seen := 0
	hook := moment
	if moment == "instead" {
		hook = "before"
	}
	s.on(hook, func(operation string) {
		if !slices.Contains(changingOperations, operation) {
			return
		}
		s.mu.Lock()
		hit := seen == n
		seen++
		s.mu.Unlock()
		if hit {
			<-started
			_ = cmd.Process.Kill()
			close(fired)
			if moment == "instead" {
				panic(http.ErrAbortHandler)
			}
		}
	})
	defer s.on(hook, nil)
	if err := cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	close(started)
	err := cmd.Wait()
	select {
	case <-fired:
	case <-time.After(time.Minute):
		s.t.Fatalf("it was not killed: %v\n%s", err, out.String())
	}
	s.looks(played{err: out.String()})
}

// TestDeployAgain: what failed once is done again, and no more than that.
func TestDeployAgain(t *testing.T) {
	s := newStage(t, fakeaws.Healthy)
	commit := s.commit()
	s.held(commit)
	s.player.set(func(p *player) { p.exit = 3 })
	s.run(deployStaging()...).is(t, 1, "the service was not touched", "if the code has to change, commit that and 'hci deploy staging'")
	s.player.set(func(p *player) { p.exit = 0 })
	s.run("deploy", "staging", "--resume", "--poll", "10ms", "--yes").is(t, 0, "still to do: migrate, update", "hci: deployed\n")
	if n := len(s.player.migrated()); n != 2 {
		t.Errorf("migrated %d times: the first failed", n)
	}
}

// TestDeployOtherCommit: a deployment that was left does not turn into one of
// another commit, and a new one says that it takes its place.
func TestDeployOtherCommit(t *testing.T) {
	s := newStage(t, fakeaws.Healthy)
	first := s.commit()
	s.held(first)
	image := s.server.RepositoryURI() + "@" + s.digest("git-"+first)
	s.killed(0, "before") // nothing is registered yet
	second := s.commit()
	s.held(second)
	s.run("deploy", "staging", "--resume", "--poll", "10ms", "--yes").is(t, 0, "commit "+second+" is checked out, and what goes on is the deployment of "+first,
		"hci_registry_staging:git-"+first+"\n", "make the service run the image of commit "+first, "hci: deployed\n")
	if _, runs := s.runs(); runs != image || !slices.Equal(s.player.migrated(), []string{image}) {
		t.Errorf("migrated in %q, runs %s, want %s", s.player.migrated(), runs, image)
	}
	s.killed(0, "before")
	s.run(deployStaging()...).is(t, 0, "the deployment of commit "+second, "was not finished; this one takes its place", "hci: deployed\n")
}

// TestDeployOvertaken: a deployment that was left does not go over what somebody
// else has deployed since.
func TestDeployOvertaken(t *testing.T) {
	s := newStage(t, fakeaws.Healthy)
	s.held(s.commit())
	s.killed(3, "instead") // of UpdateService
	s.registersSecret()
	s.call("ecs", "UpdateService", map[string]any{"cluster": s.names.Cluster, "service": s.names.Service, "taskDefinition": "hci_web_staging:3"})
	s.steady()
	s.run("deploy", "staging", "--resume", "--yes").is(t, 5, "conflict: service: somebody else has deployed hci_web_staging:3 since, at 20", "--force goes on with this one")
	if runs, _ := s.runs(); runs != "hci_web_staging:3" {
		t.Errorf("%s runs", runs)
	}
	s.run("deploy", "staging", "--resume", "--yes", "--poll", "10ms", "--force").is(t, 0, "the revision is made anew, from it", "hci: deployed\n")
	if _, image := s.runs(); !s.hasNew() || !slices.Equal(s.player.migrated(), []string{image}) {
		t.Errorf("%s runs, the new secret: %v, migrated in %q", image, s.hasNew(), s.player.migrated())
	}
}

// TestDeployOvertakenByTerraform: what goes on is not deployed without the secrets that
// Terraform has registered since, and does not migrate again for them.
func TestDeployOvertakenByTerraform(t *testing.T) {
	resume := []string{"deploy", "staging", "--resume", "--yes", goOn}
	const anew = "is newer than what hci_web_staging:2 was made from (containers.web.secrets.HCI_NEW added): the revision is made anew, from it"
	for _, c := range []struct {
		name  string
		leave func(s *stage)
	}{
		{"the update never arrived", func(s *stage) { s.killed(3, "instead") }},
		{"it was refused", func(s *stage) {
			s.refuses("UpdateService")
			s.run(deployStaging()...).is(t, 1, "the service was not touched")
			s.refuses()
		}},
		{"killed in the migration, in the service's own family", func(s *stage) {
			s.write("hci.hcl", migrateCommand)
			s.held(s.commit())
			s.killed(1, "after") // RunTask
		}},
		{"given up", func(s *stage) {
			s.killed(3, "after") // UpdateService
			s.setRewrite(givenUp("hci_web_staging:2", "PRIMARY"))
		}},
		{"given up and looked at", func(s *stage) {
			s.setRewrite(givenUp("hci_web_staging:2", "PRIMARY"))
			s.run(deployStaging()...).is(t, 1, "not deployed: failed")
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newStage(t, fakeaws.Healthy)
			s.held(s.commit())
			c.leave(s)
			s.registersSecret()
			s.run(resume...).is(t, 0, anew, "hci: deployed\n")
			if n := len(s.player.migrated()); n != 1 || !s.hasNew() {
				t.Errorf("migrated %d times, the new secret is what runs: %v", n, s.hasNew())
			}
		})
	}
	t.Run("the revision to go back to stays", func(t *testing.T) {
		s := newStage(t, fakeaws.Healthy)
		s.held(s.commit())
		s.setRewrite(givenUp("hci_web_staging:2", "PRIMARY"))
		s.run(deployStaging()...).is(t, 1, "not deployed: failed")
		s.registersSecret()
		s.killedIn(resume, 0, "after") // UpdateService
		if text := s.journal(); !strings.Contains(text, `"before": "hci_web_staging:1"`) || !strings.Contains(text, `"asked": "hci_web_staging:3"`) {
			t.Error(text)
		}
	})
	t.Run("nothing differed", func(t *testing.T) {
		s := newStage(t, fakeaws.Healthy)
		s.held(s.commit())
		s.run(deployStaging()...).is(t, 0)
		s.killedIn([]string{"deploy", "update", "staging", "--yes", goOn}, 0, "instead") // of UpdateService
		s.registersSecret()
		s.run(resume...).is(t, 0, anew, "hci: deployed\n")
		if !s.hasNew() {
			t.Error("the new secret is not what runs")
		}
	})
	t.Run("while it is under way", func(t *testing.T) { // it is watched to its end, and that is told
		s := newStage(t, fakeaws.Healthy)
		s.held(s.commit())
		s.killed(3, "after") // UpdateService
		s.registersSecret()
		s.run(resume...).is(t, 0, "hci_web_staging:3, registered 20", "and would not be what runs", "'hci deploy staging' after this deploys it", "hci: deployed\n")
		if s.hasNew() {
			t.Error("what is under way was gone over")
		}
	})
}

const migrateCommand = "deploy {\n  migrate_command = [\"python\", \"manage.py\", \"migrate\"]\n}\n"

// hasNew reports whether the service is to run the secret that registersSecret adds.
func (s *stage) hasNew() bool {
	s.t.Helper()
	runs, _ := s.runs()
	d := s.call("ecs", "DescribeTaskDefinition", map[string]any{"taskDefinition": runs})["taskDefinition"].(map[string]any)
	return strings.Contains(fmt.Sprint(d["containerDefinitions"]), "HCI_NEW")
}

// once does something before AWS sees the next request for an operation.
func (s *stage) once(operation string, do func()) { s.onceAt("before", operation, do) }

// onceAfter does something before hci sees the next answer to one.
func (s *stage) onceAfter(operation string, do func()) { s.onceAt("after", operation, do) }

func (s *stage) onceAt(moment, operation string, do func()) {
	s.on(moment, func(op string) {
		if op == operation {
			s.on(moment, nil)
			do()
		}
	})
}

// left lets hci be interrupted in its rollout, which goes on.
func (s *stage) left(args ...string) {
	s.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	s.onceAfter("UpdateService", func() { time.AfterFunc(stageTick, cancel) })
	s.runWith(ctx, "", args...).is(s.t, 130, "'hci deploy --resume staging' watches it again")
}

// TestDeployTerraformMeanwhile: what Terraform registers while hci deploys is not
// left out, by this deployment or by a later one.
func TestDeployTerraformMeanwhile(t *testing.T) {
	for _, operation := range []string{"RunTask", "RegisterTaskDefinition", "UpdateService"} { // the first registered is the migration's
		t.Run(operation, func(t *testing.T) {
			s := newStage(t, fakeaws.Healthy)
			s.held(s.commit())
			s.once(operation, s.registersSecret)
			if operation == "UpdateService" { // which nobody can see in time: the next one does
				s.run(deployStaging()...).is(t, 0, "hci: deployed\n")
				s.write("changed", "since")
				s.held(s.commit())
				s.run(deployStaging()...).is(t, 0, "hci_web_staging:3, registered 20", "is newer than what hci_web_staging:2 was made from", "hci: deployed\n")
			} else {
				s.run(deployStaging()...).is(t, 5, "update: hci_web_staging:2, registered 20", "is newer than hci_web_staging:1 (containers.web.secrets.HCI_NEW added), and would not be what runs",
					"the service was not touched", "'hci deploy --resume staging' goes on, with a revision that is made from it")
				s.run("deploy", "staging", "--resume", "--yes", goOn).is(t, 0, "still to do: update", "hci: deployed\n")
			}
			if !s.hasNew() {
				t.Error("the new secret is not what runs")
			}
		})
	}
}

// TestDeployTerraformDuringMigration: likewise where nothing is registered after the
// migration: it runs the service's new revision, or that differs in nothing.
func TestDeployTerraformDuringMigration(t *testing.T) {
	for _, command := range []bool{true, false} {
		s := newStage(t, fakeaws.Healthy)
		var image []string
		if command {
			s.write("hci.hcl", migrateCommand)
			s.held(s.commit())
		} else {
			s.commit()
			image = []string{"--image", "deployed"}
		}
		s.once("RunTask", s.registersSecret)
		s.run(deployStaging(image...)...).is(t, 5, "(containers.web.secrets.HCI_NEW added), and would not be what runs", "the service was not touched", "'hci deploy --resume staging' goes on")
		s.run("deploy", "staging", "--resume", "--yes", goOn).is(t, 0, "still to do: update", "hci: deployed\n")
		if n := len(s.player.migrated()); n != 1 || !s.hasNew() {
			t.Errorf("with a command: %v; migrated %d times, the new secret is what runs: %v", command, n, s.hasNew())
		}
	}
}

// TestDeployTerraformUpdates: an apply that makes the service run what it registers is
// another deployment, whatever else it is.
func TestDeployTerraformUpdates(t *testing.T) {
	s := newStage(t, fakeaws.Healthy)
	s.held(s.commit())
	s.once("RunTask", func() {
		s.registersSecret()
		s.restarts("hci_web_staging:2")
	})
	s.run(deployStaging()...).is(t, 5, "another deployment was started meanwhile, of hci_web_staging:2", "'hci deploy status staging' shows what runs")
}

// TestDeployBaseNewest: the newest is none of hci's own that leaves something out.
func TestDeployBaseNewest(t *testing.T) {
	s := newStage(t, fakeaws.Healthy)
	s.held(s.commit())
	s.registersSecret()
	s.run(deployStaging()...).is(t, 0)
	s.write("changed", "since")
	s.held(s.commit())
	s.run(deployStaging("--base", "1")...).is(t, 0)
	s.run("deploy", "rollback", "staging", "--to", "3", "--yes", goOn).is(t, 0)
	s.run(deployStaging("--base", "newest")...).is(t, 0, "hci: deployed\n")
	if !s.hasNew() {
		t.Error("the new secret is not what runs")
	}
}

// TestDeployUntagged: nothing is left out for good where hci may not tag what it
// registers.
func TestDeployUntagged(t *testing.T) {
	s := newStage(t, fakeaws.Healthy)
	s.held(s.commit())
	s.refusesTags()
	s.registersSecret()
	s.run(deployStaging("--base", "running")...).is(t, 0, "hci: deployed\n")
	s.write("changed", "since")
	s.held(s.commit())
	p := s.run(deployStaging()...)
	p.is(t, 0, "hci_web_staging:2, registered 20", "the new revision is made from it", "hci: deployed\n")
	if !s.hasNew() || strings.Contains(p.out, "made-from") {
		t.Errorf("the new secret is what runs: %v\n%s", s.hasNew(), p.out)
	}
}

// TestDeployBaseOnce: --base holds for one deployment, and not for all that follow.
func TestDeployBaseOnce(t *testing.T) {
	s := newStage(t, fakeaws.Healthy)
	s.held(s.commit())
	s.registersSecret()
	s.run(deployStaging("--base", "running")...).is(t, 0)
	if s.hasNew() {
		t.Error("it is made from another base")
	}
	s.write("changed", "since")
	s.held(s.commit())
	s.run(deployStaging()...).is(t, 0, "hci_web_staging:2, registered 20", "is newer than what hci_web_staging:3 was made from (containers.web.secrets.HCI_NEW added): the new revision is made from it")
	if !s.hasNew() {
		t.Error("the new secret is not what runs")
	}
}

// restarts is somebody else's new deployment of a revision.
func (s *stage) restarts(revision string) {
	s.t.Helper()
	s.call("ecs", "UpdateService", map[string]any{
		"cluster": s.names.Cluster, "service": s.names.Service, "taskDefinition": revision, "forceNewDeployment": true,
	})
}

// TestDeployOfTheRevisionBefore: somebody else's deployment of the revision that ran
// before is not what this deployment's rollback would have started.
func TestDeployOfTheRevisionBefore(t *testing.T) {
	s := newStage(t, fakeaws.Healthy)
	s.held(s.commit())
	s.run(deployStaging()...).is(t, 0)
	s.write("changed", "since")
	s.held(s.commit())
	s.killed(3, "instead") // of UpdateService
	hold := make(chan struct{})
	s.player.set(func(p *player) { p.hold = hold })
	s.restarts("hci_web_staging:2")
	s.run("deploy", "rollback", "staging", "--yes", "--poll", "10ms").is(t, 5, "another deployment is under way: hci_web_staging:2")
	close(hold)
	s.until("hci_web_staging:2")
	s.run("deploy", "staging", "--resume", "--yes", goOn).is(t, 5, "either ECS has rolled this deployment back, or somebody else has deployed hci_web_staging:2 since")
	if runs, _ := s.runs(); runs != "hci_web_staging:2" {
		t.Errorf("%s runs", runs)
	}
}

// TestDeployRollbackOvertaken: what somebody else began while the question stood is
// not gone over; what the user made of the service is nobody else's.
func TestDeployRollbackOvertaken(t *testing.T) {
	s := newStage(t, fakeaws.Healthy)
	s.held(s.commit())
	s.run(deployStaging()...).is(t, 0)
	s.on("before", func(operation string) {
		if operation == "ListTaskDefinitions" {
			s.on("before", nil)
			s.restarts("hci_web_staging:2")
		}
	})
	s.run("deploy", "rollback", "staging", "--yes", "--poll", "10ms").is(t, 5, "another deployment was started meanwhile, of hci_web_staging:2")
	s.until("hci_web_staging:2")
	s.write("changed", "since")
	s.held(s.commit())
	s.killed(3, "instead") // of UpdateService
	s.run("deploy", "rollback", "staging", "--to", "1", "--yes", "--poll", "10ms").is(t, 0)
	s.run("deploy", "staging", "--resume", "--yes", goOn).is(t, 0, "hci: deployed\n")
}

// TestDeployAnswerLost: what became of a request whose answer was lost is not known,
// and that is said.
func TestDeployAnswerLost(t *testing.T) {
	for _, c := range []struct {
		operation string
		args      []string
		says      string
	}{
		{"UpdateService", []string{"deploy", "rollback", "staging", "--yes", goOn}, "whether the service took it is not known: 'hci deploy status staging' shows what it runs"},
		{"RunTask", []string{"deploy", "task", "staging", "migrate", "--yes", goOn}, "whether the task began is not known: 'aws ecs list-tasks --cluster hci_cluster_staging --family hci_migrate_staging' lists it if it runs"},
	} {
		s := newStage(t, fakeaws.Healthy)
		s.held(s.commit())
		s.run(deployStaging()...).is(t, 0)
		s.refuses(c.operation)
		if p := s.run(c.args...); p.code != 1 || strings.Contains(p.err, "is not known") {
			t.Errorf("%d, %s", p.code, p.err)
		}
		s.refuses()
		ctx, cancel := context.WithCancel(context.Background())
		s.on("after", func(operation string) {
			if operation == c.operation {
				cancel()
				panic(http.ErrAbortHandler) // the connection drops
			}
		})
		s.runWith(ctx, "", c.args...).is(t, 130, c.says)
	}
}

// TestDeployRollbackDisplaced: a rollback of a crash loop that somebody else's
// deployment takes the place of is not called one.
func TestDeployRollbackDisplaced(t *testing.T) {
	s := newStage(t, fakeaws.CrashLoop)
	s.held(s.commit())
	s.registersSecret()
	s.onceAfter("StopServiceDeployment", func() {
		s.restarts("hci_web_staging:2")
	})
	s.run(deployStaging("--base", "running")...).is(t, 5, "another deployment took its place", "hci_web_staging:2 is the service's deployment now")
}

// TestDeployStopOvertaken: what somebody else has begun is not stopped in place of
// what crashes, whenever that is.
func TestDeployStopOvertaken(t *testing.T) {
	for _, operation := range []string{"ListServiceDeployments", "DescribeServiceRevisions", "StopServiceDeployment"} {
		for _, revision := range []string{"hci_web_staging:2", "hci_web_staging:3"} { // theirs, and the same
			t.Run(operation+" "+revision, func(t *testing.T) {
				s := newStage(t, fakeaws.CrashLoop)
				s.held(s.commit())
				s.registersSecret()
				s.once(operation, func() { s.restarts(revision) })
				s.run(deployStaging("--base", "running")...).is(t, 5, "another deployment was started meanwhile, of "+revision)
				if runs, _ := s.runs(); runs != revision {
					t.Errorf("%s runs", runs)
				}
			})
		}
	}
}

// TestDeployRolledBackByHand: what somebody stopped in the console is not called ECS's
// doing, and is not gone over.
func TestDeployRolledBackByHand(t *testing.T) {
	s := newStage(t, fakeaws.Healthy)
	s.held(s.commit())
	s.onceAfter("UpdateService", func() {
		in := map[string]any{"cluster": s.names.Cluster, "service": s.names.Service, "status": []string{"IN_PROGRESS"}}
		one := s.call("ecs", "ListServiceDeployments", in)["serviceDeployments"].([]any)[0].(map[string]any)
		s.call("ecs", "StopServiceDeployment", map[string]any{"serviceDeploymentArn": one["serviceDeploymentArn"], "stopType": "ROLLBACK"})
	})
	s.run(deployStaging()...).is(t, 1, "it was rolled back, by ECS or by somebody else", "ECS says: Service deployment rolled back because of a StopServiceDeployment request")
	s.until("hci_web_staging:1")
	s.run("deploy", "staging", "--resume", "--yes", goOn).is(t, 5, "either ECS has rolled this deployment back, or somebody else has deployed hci_web_staging:1 since")
}

// TestDeployRollbackUnfinished: what is told of a rollback that did not come to its end
// is how things stand then.
func TestDeployRollbackUnfinished(t *testing.T) {
	t.Run("in time", func(t *testing.T) {
		s := newStage(t, fakeaws.CrashLoop)
		s.held(s.commit())
		s.once("StopServiceDeployment", func() {
			s.setRewrite(func(operation string, answer []byte) []byte {
				if operation == "DescribeServices" {
					return bytes.ReplaceAll(answer, []byte(`"COMPLETED"`), []byte(`"IN_PROGRESS"`))
				}
				return answer
			})
		})
		s.run(deployStaging("--timeout", "2s")...).is(t, 1, "the rollback to hci_web_staging:1 has not come to its end", "hci_web_staging:1 is the service's deployment now", "shows how far it is")
	})
	t.Run("refused", func(t *testing.T) {
		s := newStage(t, fakeaws.CrashLoop)
		s.held(s.commit())
		s.once("ListServiceDeployments", func() { s.refuses("StopServiceDeployment", "UpdateService") })
		p := s.run(deployStaging()...)
		p.is(t, 1, "the rollback to hci_web_staging:1 failed: it could not be stopped: ", "hci_web_staging:2 is the service's deployment now", "the deployment goes on at AWS; 'hci deploy --resume staging' watches it again")
	})
}

// TestDeployStopLost: the rollback that hci itself asked for is nobody else's
// deployment, though the answer was lost.
func TestDeployStopLost(t *testing.T) {
	s := newStage(t, fakeaws.CrashLoop)
	s.held(s.commit())
	s.onceAfter("StopServiceDeployment", func() {
		panic(http.ErrAbortHandler) // the connection drops
	})
	s.run(deployStaging()...).is(t, 1, "not deployed: rolled back", "it was rolled back", "hci_web_staging:1 is the service's deployment now: 1 of 1 tasks run")
}

// TestDeployGivenUp: what ECS gave up without a rollback is the deployment's own,
// which --resume goes over.
func TestDeployGivenUp(t *testing.T) {
	s := newStage(t, fakeaws.Healthy)
	s.held(s.commit())
	s.setRewrite(givenUp("hci_web_staging:2", "PRIMARY"))
	s.run(deployStaging()...).is(t, 1, "not deployed: failed", "ECS gave it up: tasks failed to start", "'hci deploy --resume staging' tries the same image once more")
	s.run("deploy", "staging", "--resume", "--yes", goOn).is(t, 0, "hci: deployed\n")
	if changed := s.changed(); changed[len(changed)-1] != "UpdateService" || len(s.player.migrated()) != 1 {
		t.Errorf("asked for %q", changed)
	}
}

// TestDeployDisplace: --force goes over somebody else's deployment at once, and takes
// along what Terraform has registered.
func TestDeployDisplace(t *testing.T) {
	again := []string{"deploy", "staging", "--resume", "--yes", goOn}
	displace := append(again, "--force")
	t.Run("what Terraform registered", func(t *testing.T) {
		s := newStage(t, fakeaws.Healthy)
		s.held(s.commit())
		s.left(deployStaging()...)
		s.registersSecret()
		s.restarts("hci_web_staging:3") // somebody else
		s.until("hci_web_staging:3")
		s.run(again...).is(t, 5, "somebody else has deployed hci_web_staging:3 since", "--force goes on with this one")
		s.run(displace...).is(t, 0, "the revision is made anew, from it", "hci: deployed\n")
		if !s.hasNew() {
			t.Error("the new secret is not what runs")
		}
	})
	t.Run("a restart", func(t *testing.T) {
		s := newStage(t, fakeaws.Healthy)
		s.held(s.commit())
		s.run(deployStaging()...).is(t, 0)
		s.left("deploy", "update", "staging", "--yes", goOn) // nothing differs
		s.restarts("hci_web_staging:2")                      // somebody else
		s.steady()
		s.registersSecret()
		s.run(again...).is(t, 5, "or somebody else has deployed hci_web_staging:2 since")
		s.run(displace...).is(t, 0, "the revision is made anew, from it", "hci: deployed\n")
		if !s.hasNew() {
			t.Error("the new secret is not what runs")
		}
	})
	t.Run("what serves is what to go back to", func(t *testing.T) {
		s := newStage(t, fakeaws.Healthy)
		s.held(s.commit())
		s.left(deployStaging()...)
		s.until("hci_web_staging:2")
		s.restarts("hci_web_staging:2") // somebody else
		s.steady()
		s.registersSecret()
		s.killedIn(displace, 0, "after") // UpdateService
		if text := s.journal(); !strings.Contains(text, `"before": "hci_web_staging:2"`) {
			t.Error(text)
		}
	})
	t.Run("what fails before", func(t *testing.T) {
		s := newStage(t, fakeaws.Healthy)
		s.held(s.commit())
		s.killed(0, "instead")          // the registration of the migration
		s.restarts("hci_web_staging:1") // somebody else
		s.steady()
		s.player.set(func(p *player) { p.exit = 3 })
		s.run(displace...).is(t, 1, "ended with exit code 3", "'hci deploy --resume staging --force' goes on from here, once the cause is mended")
	})
}

// state is the directory in which hci remembers things about the project.
func (s *stage) state() string {
	s.t.Helper()
	a := newApp(streams{in: strings.NewReader(""), out: io.Discard, err: io.Discard}, s.environ)
	a.dir = s.dir
	p, err := a.project()
	if err != nil {
		s.t.Fatal(err)
	}
	return p.StateDir()
}

// journal is the text of the journal of what was left.
func (s *stage) journal() string {
	s.t.Helper()
	text, err := os.ReadFile(filepath.Join(s.state(), "deploy", "staging.json"))
	if err != nil {
		s.t.Fatal(err)
	}
	return string(text)
}

// TestDeployRevisionBeforeMeanwhile: somebody else's deployment of the revision before
// is not gone over, though a rollback looks like it.
func TestDeployRevisionBeforeMeanwhile(t *testing.T) {
	again := []string{"deploy", "staging", "--resume", "--yes", goOn}
	t.Run("while it is watched", func(t *testing.T) {
		s := newStage(t, fakeaws.Healthy)
		s.held(s.commit())
		s.onceAfter("UpdateService", func() {
			s.until("hci_web_staging:2")
			hold := make(chan struct{}) // so that what is displaced is still there
			t.Cleanup(func() { close(hold) })
			s.player.set(func(p *player) { p.hold = hold })
			s.restarts("hci_web_staging:1")
		})
		s.run(deployStaging()...).is(t, 5, "not deployed: superseded", "another deployment took its place")
		s.run(again...).is(t, 5, "nothing was done")
	})
	t.Run("while nobody watches", func(t *testing.T) {
		s := newStage(t, fakeaws.Healthy)
		s.held(s.commit())
		s.killed(3, "after") // UpdateService
		s.restarts("hci_web_staging:1")
		s.until("hci_web_staging:1")
		for range 2 {
			s.run(again...).is(t, 5, "either ECS has rolled this deployment back, or somebody else has deployed hci_web_staging:1 since")
		}
	})
	t.Run("while hci looks", func(t *testing.T) {
		s := newStage(t, fakeaws.Healthy)
		s.held(s.commit())
		s.registersSecret()
		var described atomic.Int32              // the look asks several at once
		s.on("before", func(operation string) { // between the last registration and the update
			if operation == "RegisterTaskDefinition" {
				described.Store(0)
			}
			if operation == "DescribeTaskDefinition" {
				if described.Add(1) == 2 && len(s.player.migrated()) == 1 {
					s.on("before", nil)
					s.restarts("hci_web_staging:1")
				}
			}
		})
		s.run(deployStaging()...).is(t, 5, "another deployment was started meanwhile, of hci_web_staging:1", "'hci deploy status staging' shows what runs")
	})
}

// TestDeployGivenUpAndDisplaced: nor is somebody else's deployment a rollback of it.
func TestDeployGivenUpAndDisplaced(t *testing.T) {
	s := newStage(t, fakeaws.Healthy)
	s.held(s.commit())
	s.registersSecret()
	hold := make(chan struct{})
	defer close(hold)
	s.player.set(func(p *player) { p.wait = func() { s.player.set(func(p *player) { p.hold = hold }) } })
	s.onceAfter("UpdateService", func() {
		s.restarts("hci_web_staging:2")
	})
	s.setRewrite(givenUp("hci_web_staging:3", "ACTIVE"))
	s.run(deployStaging("--base", "running")...).is(t, 5, "not deployed: superseded", "another deployment took its place", "hci_web_staging:2 is the service's deployment now")
}

// givenUp tells of a revision's first deployment that ECS gave it up.
func givenUp(revision, status string) func(string, []byte) []byte {
	var mu stdsync.Mutex
	id := ""
	return func(operation string, answer []byte) []byte {
		var out struct {
			Services []map[string]any `json:"services"`
			Failures []any            `json:"failures"`
		}
		if operation != "DescribeServices" || json.Unmarshal(answer, &out) != nil || len(out.Services) == 0 {
			return answer
		}
		for _, d := range out.Services[0]["deployments"].([]any) {
			d := d.(map[string]any)
			mu.Lock()
			if id == "" && d["status"] == status && strings.HasSuffix(d["taskDefinition"].(string), "/"+revision) {
				id = d["id"].(string)
			}
			given := d["id"] == id
			mu.Unlock()
			if given {
				d["rolloutState"], d["rolloutStateReason"] = "FAILED", "tasks failed to start"
			}
		}
		answer, err := json.Marshal(out)
		if err != nil {
			panic(err)
		}
		return answer
	}
}

// TestDeployUpdateRefused: an update that AWS refuses has touched nothing; one whose
// answer was lost may have.
func TestDeployUpdateRefused(t *testing.T) {
	s := newStage(t, fakeaws.Healthy)
	s.held(s.commit())
	s.refuses("UpdateService")
	s.run(deployStaging()...).is(t, 1, "AccessDeniedException", "the service was not touched: it runs hci_web_staging:1", "--resume")
	s.refuses()
	s.onceAfter("UpdateService", func() {
		s.refuses("UpdateService")
		panic(http.ErrAbortHandler) // the connection drops
	})
	s.run("deploy", "staging", "--resume", "--yes", goOn).is(t, 1, "AccessDeniedException", "whether the service took the update is not known")
	s.refuses()
	s.run("deploy", "staging", "--resume", "--yes", goOn).is(t, 0, "hci: deployed\n")
	if n := len(s.player.migrated()); n != 1 {
		t.Errorf("migrated %d times", n)
	}
}

// TestDeployRestartOvertaken: somebody else's restart of the same revision is no
// rollback of this one, and is not gone over.
func TestDeployRestartOvertaken(t *testing.T) {
	s := newStage(t, fakeaws.Healthy)
	s.held(s.commit())
	hold := make(chan struct{})
	s.player.set(func(p *player) { p.hold = hold })
	s.left("deploy", "update", "staging", "--restart", "--yes", goOn)
	s.restarts("hci_web_staging:1")
	close(hold)
	s.steady()
	before := len(s.changed())
	for range 2 {
		s.run("deploy", "staging", "--resume", "--yes", goOn).is(t, 5, "either ECS has rolled this deployment back, or somebody else has deployed hci_web_staging:1 since")
	}
	if changed := s.changed()[before:]; len(changed) > 0 {
		t.Errorf("asked for %q", changed)
	}
}

// TestDeployRollbackOfOthers: a rollback of what somebody else deployed does not let
// an older deployment go on over that.
func TestDeployRollbackOfOthers(t *testing.T) {
	s := newStage(t, fakeaws.Healthy)
	s.held(s.commit())
	s.killed(3, "instead") // of UpdateService
	for range 2 {
		s.registersSecret()
	}
	for _, revision := range []string{"hci_web_staging:3", "hci_web_staging:4"} {
		s.restarts(revision)
		s.until(revision)
	}
	s.run("deploy", "rollback", "staging", "--yes", goOn).is(t, 0, "+ hci_web_staging:3")
	s.run("deploy", "staging", "--resume", "--yes", goOn).is(t, 5, "somebody else has deployed hci_web_staging:3 since")
	if runs, _ := s.runs(); runs != "hci_web_staging:3" {
		t.Errorf("%s runs", runs)
	}
}

// TestDeployMigrationStopped: a migration that somebody stopped may end with exit
// code 0, and is not done.
func TestDeployMigrationStopped(t *testing.T) {
	s := newStage(t, fakeaws.Healthy)
	s.held(s.commit())
	s.player.set(func(p *player) {
		p.wait = func() {
			for _, arn := range s.call("ecs", "ListTasks", map[string]any{"cluster": s.names.Cluster, "family": "hci_migrate_staging"})["taskArns"].([]any) {
				s.call("ecs", "StopTask", map[string]any{"cluster": s.names.Cluster, "task": arn, "reason": "enough"})
			}
		}
	})
	s.run(deployStaging()...).is(t, 1, "was stopped before its end", "stopped: UserInitiated: enough", "the service was not touched")
	s.player.set(func(p *player) { p.wait = nil })
	s.run("deploy", "staging", "--resume", "--yes", goOn).is(t, 0, "hci: deployed\n")
}

// TestDeployMigrationCrossed: another essential container that crashes ends the
// migration, which may then exit with 0 half way.
func TestDeployMigrationCrossed(t *testing.T) {
	s := newStage(t, fakeaws.Healthy)
	s.write("hci.hcl", "deploy {\n  migrate_container = \"migrate\"\n}\n")
	s.held(s.commit())
	s.addsProxy()
	s.player.set(func(p *player) { p.proxy = 1 })
	s.run(deployStaging()...).is(t, 1, "warning: service: several containers of hci_migrate_staging:2 are essential (migrate, proxy): when one of them ends, ECS stops the migration",
		"the migration may not have come to its end: container proxy of task ", "crashed, and a task ends with each container that is essential", "proxy: exit code 1",
		"the service was not touched", "look in the database whether it was applied; then 'hci deploy staging --skip migrate', or without --skip to run it again", "with essential = false in Terraform no other container ends it")
	s.player.set(func(p *player) { p.proxy = 143 }) // it was told to stop
	s.run("deploy", "staging", "--resume", "--yes", goOn).is(t, 0, "hci: deployed\n")
}

// TestDeployMigrationReplaced: a migration that was asked for is run and waited for as
// it was asked for: its token goes with that.
func TestDeployMigrationReplaced(t *testing.T) {
	for _, moment := range []string{"after", "instead"} {
		t.Run(moment, func(t *testing.T) {
			s := newStage(t, fakeaws.Healthy)
			s.held(s.commit())
			s.killed(1, moment) // RunTask
			d := s.call("ecs", "DescribeTaskDefinition", map[string]any{"taskDefinition": "hci_migrate_staging"})["taskDefinition"].(map[string]any)
			for _, key := range registeredMembers {
				delete(d, key)
			}
			d["containerDefinitions"].([]any)[0].(map[string]any)["name"] = "renamed"
			s.call("ecs", "RegisterTaskDefinition", d)
			s.run("deploy", "staging", "--resume", "--yes", goOn).is(t, 0, "warning: service: hci_migrate_staging:3, registered 20", "the migration was asked for before", "hci: deployed\n")
			if n := len(s.player.migrated()); n != 1 {
				t.Errorf("migrated %d times", n)
			}
		})
	}
}

// addsProxy registers a migration with a second container.
func (s *stage) addsProxy() {
	s.t.Helper()
	d := s.call("ecs", "DescribeTaskDefinition", map[string]any{"taskDefinition": "hci_migrate_staging"})["taskDefinition"].(map[string]any)
	for _, key := range registeredMembers {
		delete(d, key)
	}
	d["containerDefinitions"] = append(d["containerDefinitions"].([]any), map[string]any{"name": "proxy", "image": "proxy:1", "command": []string{"proxy"}})
	s.call("ecs", "RegisterTaskDefinition", d)
}

// TestDeployMigrateOvertaken: a migration that was left is waited for, whatever
// somebody else has deployed since.
func TestDeployMigrateOvertaken(t *testing.T) {
	s := newStage(t, fakeaws.Healthy)
	s.held(s.commit())
	s.killedIn([]string{"deploy", "migrate", "staging", "--yes", goOn}, 1, "after") // RunTask
	s.restarts("hci_web_staging:1")
	s.until("hci_web_staging:1")
	s.run("deploy", "staging", "--resume", "--yes", goOn).is(t, 0, "warning: service: somebody else has deployed hci_web_staging:1 since", "ended with exit code 0")
	if n := len(s.player.migrated()); n != 1 {
		t.Errorf("migrated %d times", n)
	}
}

// TestDeployTwice: the second on one machine is told of the first.
func TestDeployTwice(t *testing.T) {
	s := newStage(t, fakeaws.Healthy)
	s.held(s.commit())
	begun, free := make(chan struct{}), make(chan struct{})
	s.player.set(func(p *player) { p.wait = func() { close(begun); <-free } })
	cmd := s.process(deployStaging()...)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	<-begun
	s.run(deployStaging()...).is(t, 5, "another 'hci deploy' of staging is under way here since 20", fmt.Sprintf("process %d", cmd.Process.Pid))
	// From another clone, AWS tells of it.
	mate := &stage{t: t, dir: filepath.Join(t.TempDir(), "clone"), environ: s.environ, hidden: s.hidden}
	if err := os.CopyFS(mate.dir, os.DirFS(s.dir)); err != nil {
		t.Fatal(err)
	}
	mate.run(deployStaging()...).is(t, 5, "a one-off task of hci_migrate_staging:2 is under way since 20", "started by hci/")
	close(free)
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
	if n := len(s.player.migrated()); n != 1 {
		t.Errorf("migrated %d times", n)
	}
}

// TestDeployInterrupted: without a terminal an interrupt leaves what goes on at
// AWS, and says how to come back to it.
func TestDeployInterrupted(t *testing.T) {
	t.Run("in the migration", func(t *testing.T) {
		s := newStage(t, fakeaws.Healthy)
		s.held(s.commit())
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		free := make(chan struct{})
		known := make(chan struct{}) // to hci, which reads its log
		s.on("before", func(operation string) {
			if operation == "GetLogEvents" {
				s.on("before", nil)
				close(known)
			}
		})
		s.player.set(func(p *player) { p.wait = func() { <-known; cancel(); <-free } })
		s.runWith(ctx, "", deployStaging()...).is(t, 130, "the service was not touched", "the migration goes on at AWS; 'hci deploy --resume staging' waits for its end, and does not run it again")
		close(free)
		s.run("deploy", "--resume", "--poll", "10ms", "--yes").is(t, 0, "hci: deployed\n")
		if n := len(s.player.migrated()); n != 1 {
			t.Errorf("migrated %d times", n)
		}
	})
	t.Run("in the log of a migration that has ended", func(t *testing.T) {
		s := newStage(t, fakeaws.Healthy)
		s.held(s.commit())
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		s.setRewrite(func(operation string, answer []byte) []byte {
			if operation == "DescribeTasks" && strings.Contains(string(answer), `"lastStatus":"STOPPED"`) {
				s.once("GetLogEvents", cancel)
			}
			return answer
		})
		s.runWith(ctx, "", deployStaging()...).is(t, 130, "the service was not touched", "'hci deploy --resume staging' goes on from here\n")
		s.setRewrite(nil)
		s.run("deploy", "--resume", "--poll", "10ms", "--yes").is(t, 0, "still to do: update", "hci: deployed\n")
		if n := len(s.player.migrated()); n != 1 {
			t.Errorf("migrated %d times", n)
		}
	})
	t.Run("in the rollout", func(t *testing.T) {
		s := newStage(t, fakeaws.Healthy)
		s.held(s.commit())
		s.left(deployStaging()...)
		s.run("deploy", "--resume", "--poll", "10ms", "--yes").is(t, 0, "still to do: update", "hci: deployed\n")
		if changed := s.changed(); !slices.Equal(changed, []string{"RegisterTaskDefinition", "RunTask", "RegisterTaskDefinition", "UpdateService"}) {
			t.Errorf("asked for %q", changed)
		}
	})
}

const goOn = "--poll=10ms"

// TestDeploySecondAttempt: the task of an attempt that failed is not taken for
// that of the next, and what succeeded is not run again.
func TestDeploySecondAttempt(t *testing.T) {
	s := newStage(t, fakeaws.Healthy)
	s.held(s.commit())
	s.player.set(func(p *player) { p.exit = 3 })
	s.run(deployStaging()...).is(t, 1, "ended with exit code 3")
	s.player.set(func(p *player) { p.exit = 0 })
	s.killedIn([]string{"deploy", "staging", "--resume", "--yes", goOn}, 0, "after") // RunTask: the definition is registered
	s.run("deploy", "staging", "--resume", "--yes", goOn).is(t, 0, "hci: deployed\n")
	if n := len(s.player.migrated()); n != 2 {
		t.Errorf("migrated %d times", n)
	}
}

// TestDeployRefused: a migration that AWS refuses to run never ran, whenever it is
// tried again.
func TestDeployRefused(t *testing.T) {
	s := newStage(t, fakeaws.Healthy)
	s.held(s.commit())
	s.refuses("RunTask")
	s.run(deployStaging()...).is(t, 1, "AccessDeniedException", "the service was not touched")
	if text := s.journal(); strings.Contains(text, "migrate_token") {
		t.Errorf("the journal still has a token:\n%s", text)
	}
	s.refuses()
	s.run("deploy", "staging", "--resume", "--yes", goOn).is(t, 0, "hci: deployed\n")
}

// TestDeployRefusedAfterLostAnswer: a request whose answer was lost may have begun
// the migration, whatever is said to the next one.
func TestDeployRefusedAfterLostAnswer(t *testing.T) {
	s := newStage(t, fakeaws.Healthy)
	s.held(s.commit())
	s.on("after", func(operation string) {
		if operation == "RunTask" {
			s.refuses("RunTask")
			panic(http.ErrAbortHandler) // the connection drops
		}
	})
	s.run(deployStaging()...).is(t, 1, "AccessDeniedException", "the service was not touched", "--resume")
	s.on("after", nil)
	// Nor does it tell what became of a request of an earlier run.
	s.listsTasks(false)
	s.run("deploy", "staging", "--resume", "--yes", goOn).is(t, 1, "AccessDeniedException", "the service was not touched", "--resume")
	s.listsTasks(true)
	s.refuses()
	s.run("deploy", "staging", "--resume", "--yes", goOn).is(t, 0, "hci: deployed\n")
	if n := len(s.player.migrated()); n != 1 {
		t.Errorf("migrated %d times", n)
	}
}

// TestDeployRolledBackMeanwhile: what ECS rolled back while nobody watched is no
// other's deployment; that it failed is said, and then it can be tried again.
func TestDeployRolledBackMeanwhile(t *testing.T) {
	for _, moment := range []string{"before hci knows its id", "after"} {
		t.Run(moment, func(t *testing.T) {
			s := newStage(t, fakeaws.Breaker)
			s.held(s.commit())
			if moment == "after" {
				s.left(deployStaging()...)
			} else {
				s.killed(3, "after")
			}
			s.until("hci_web_staging:1")
			again := []string{"deploy", "staging", "--resume", "--yes", goOn}
			if moment == "after" {
				s.run(again...).is(t, 1, "not deployed: rolled back", "it was rolled back, by ECS or by somebody else", "'hci deploy --resume staging --force' tries the same image once more")
			}
			// Nobody else is at it, but that can't be told.
			s.run(again...).is(t, 5, "either ECS has rolled this deployment back, or somebody else has deployed hci_web_staging:1 since")
			again = append(again, "--force")
			s.run(again...).is(t, 1, "several tasks stopped for one reason", "ECS rolled it back")
			// That it was rolled back is known now.
			s.run("deploy", "staging", "--resume", "--yes", goOn).is(t, 1, "several tasks stopped for one reason", "ECS rolled it back")
			if n := len(s.player.migrated()); n != 1 {
				t.Errorf("migrated %d times", n)
			}
		})
	}
}

// await waits until the service is to run a revision, and until until that is rolled
// out.
func (s *stage) await(revision string) {
	s.t.Helper()
	for {
		if runs, _ := s.runs(); runs == revision {
			return
		}
		time.Sleep(stageTick)
	}
}

func (s *stage) until(revision string) {
	s.t.Helper()
	s.await(revision)
	s.steady()
}

// TestDeployRestartKilled: what is resumed is the restart, and not the deployment of
// this commit's image.
func TestDeployRestartKilled(t *testing.T) {
	for _, moment := range []string{"before", "after"} {
		s := newStage(t, fakeaws.Healthy)
		s.held(s.commit())
		s.killedIn([]string{"deploy", "update", "staging", "--restart", "--yes", goOn}, 0, moment)
		s.run("deploy", "staging", "--resume", "--yes", goOn).is(t, 0, "make the service run what it runs, anew", "hci: deployed\n")
		if runs, _ := s.runs(); runs != "hci_web_staging:1" {
			t.Errorf("%s: %s runs", moment, runs)
		}
	}
}

// TestDeployResumeAsBegun: a deployment goes on as it began.
func TestDeployResumeAsBegun(t *testing.T) {
	s := newStage(t, fakeaws.Healthy)
	s.held(s.commit())
	s.registersSecret()
	s.player.set(func(p *player) { p.exit = 3 })
	s.run(deployStaging("--base", "running")...).is(t, 1, "ended with exit code 3")
	for _, flag := range []string{"--steps=update", "--skip=migrate", "--rebuild", "--base=newest", "--ask-from-stdin", "--explain"} {
		name, _, _ := strings.Cut(flag, "=")
		s.run("deploy", "staging", "--resume", "--yes", flag).is(t, 1, name+" does not go with --resume", "see 'hci deploy --help'")
	}
	s.run("deploy", "staging", "--resume").is(t, 1, "--yes answers with yes")
	s.player.set(func(p *player) { p.exit = 0 })
	s.run("deploy", "staging", "--resume", "--yes", goOn).is(t, 0, "hci: deployed\n")
	runs, _ := s.runs()
	if s.hasNew() {
		t.Errorf("%s is made from another base", runs)
	}
}

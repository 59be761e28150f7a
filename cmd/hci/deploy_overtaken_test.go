package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"hci/internal/testing/fakeaws"
)

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
	s.run("deploy", "staging", "--resume", "--yes", "--poll", "10ms", "--force").is(t, 0, "warning: service: somebody else has deployed hci_web_staging:3 since", "hci: deployed\n")
	if _, image := s.runs(); !s.hasNew() || !slices.Equal(s.player.migrated(), []string{image}) {
		t.Errorf("%s runs, the new secret: %v, migrated in %q", image, s.hasNew(), s.player.migrated())
	}
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

// TestDeployForce: --force goes over somebody else's deployment at once, and takes
// along what Terraform has registered.
func TestDeployForce(t *testing.T) {
	again := []string{"deploy", "staging", "--resume", "--yes", goOn}
	force := append(again, "--force")
	t.Run("what Terraform registered", func(t *testing.T) {
		s := newStage(t, fakeaws.Healthy)
		s.held(s.commit())
		s.left(deployStaging()...)
		s.registersSecret()
		s.restarts("hci_web_staging:3") // somebody else
		s.until("hci_web_staging:3")
		s.run(again...).is(t, 5, "not deployed: superseded", "another deployment took its place", "hci_web_staging:3 is the service's deployment now")
		s.run(again...).is(t, 5, "somebody else has deployed hci_web_staging:3 since", "--force goes on with this one")
		s.run(force...).is(t, 0, "hci: deployed\n")
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
		s.run(again...).is(t, 5, "another deployment of the same revision took its place")
		s.run(again...).is(t, 5, "or somebody else has deployed hci_web_staging:2 since")
		s.run(force...).is(t, 0, "the new revision is made from it", "hci: deployed\n")
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
		s.killedIn(force, 0, "after") // UpdateService
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
		s.run(force...).is(t, 1, "ended with exit code 3", "'hci deploy --resume staging' goes on from here, once the cause is fixed")
		s.player.set(func(p *player) { p.exit = 0 })
		s.run(again...).is(t, 0, "hci: deployed\n") // it was agreed to
	})
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
	for _, says := range []string{"another deployment of the same revision took its place", "either ECS has rolled this deployment back, or somebody else has deployed hci_web_staging:1 since"} {
		s.run("deploy", "staging", "--resume", "--yes", goOn).is(t, 5, says)
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

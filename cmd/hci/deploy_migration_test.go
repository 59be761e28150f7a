package main

import (
	"net/http"
	"strings"
	"testing"

	"hci/internal/testing/fakeaws"
)

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
	if text := s.journal(); strings.Contains(text, `"token"`) {
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

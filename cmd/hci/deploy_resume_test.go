package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"hci/internal/testing/fakeaws"
)

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

// TestDeployRestartKilled: what is resumed is the restart, and not the deployment of
// this commit's image.
func TestDeployRestartKilled(t *testing.T) {
	for _, moment := range []string{"before", "after"} {
		s := newStage(t, fakeaws.Healthy)
		s.held(s.commit())
		s.killedIn([]string{"deploy", "update", "staging", "--restart", "--yes", goOn}, 0, moment)
		s.run("deploy", "staging", "--resume", "--yes", goOn).is(t, 0, "watch the rollout of hci_web_staging:1, which is under way, to its end", "hci: deployed\n")
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

// TestDeployEarlierVersion: what the released version left unfinished is told as what it is,
// with the next command, and nothing of it is taken for what this version writes.
func TestDeployEarlierVersion(t *testing.T) {
	s := newStage(t, fakeaws.Healthy)
	s.held(s.commit())
	text, err := os.ReadFile(filepath.Join("..", "..", "internal", "deploy", "state", "testdata", "schema-3.json"))
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(s.state(), "deploy")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "staging.json"), text, 0o600); err != nil {
		t.Fatal(err)
	}
	s.run("deploy", "staging", "--resume", "--yes").is(t, 1, "the deployment of commit 9f2c1d3a4b5e that began at 2026-11-28 16:20 UTC was left unfinished by an earlier version of hci",
		"it had done: login, build, push, migrate", "'hci deploy status staging' shows what runs; 'hci deploy staging' begins a new deployment")
	if changed := s.changed(); len(changed) > 0 {
		t.Errorf("asked for %q", changed)
	}
	s.run(deployStaging()...).is(t, 0, "was left unfinished by an earlier version of hci", "this one takes its place", "hci: deployed\n")
	s.run("deploy", "staging", "--resume", "--yes").is(t, 1, "no deployment was left unfinished")
}

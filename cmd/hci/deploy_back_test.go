package main

import (
	"bytes"
	"net/http"
	"testing"

	"hci/internal/testing/fakeaws"
)

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

// TestDeployRollbackSuperseded: a rollback of a crash loop that somebody else's
// deployment takes the place of is not called one.
func TestDeployRollbackSuperseded(t *testing.T) {
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

// TestDeployGivenUpAndSuperseded: nor is somebody else's deployment a rollback of it.
func TestDeployGivenUpAndSuperseded(t *testing.T) {
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
			s.run(again...).is(t, 1, "ECS rolled it back")
			// That it was rolled back is known now.
			s.run("deploy", "staging", "--resume", "--yes", goOn).is(t, 1, "ECS rolled it back")
			if n := len(s.player.migrated()); n != 1 {
				t.Errorf("migrated %d times", n)
			}
		})
	}
}

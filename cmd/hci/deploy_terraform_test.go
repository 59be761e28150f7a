package main

import (
	"strings"
	"testing"

	"hci/internal/testing/fakeaws"
)

// TestDeployOvertakenByTerraform: what goes on is not deployed without the secrets that
// Terraform has registered since, and does not migrate again for them.
func TestDeployOvertakenByTerraform(t *testing.T) {
	resume := []string{"deploy", "staging", "--resume", "--yes", goOn}
	const anew = "(containers.web.secrets.HCI_NEW added): the new revision is made from it\n"
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
		if text := s.journal(); !strings.Contains(text, `"before": "hci_web_staging:1"`) || !strings.Contains(text, `"revision": "hci_web_staging:3"`) {
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
	s.run(deployStaging("--base", "running")...).is(t, 0)
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

//go:build unix

package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"hci/internal/deploy"
	"hci/internal/testing/fakeaws"
)

// hooksOf is an hci.hcl with both commands of a deploy block.
const hooksOf = `deploy {
  notify               = ["./told.sh"]
  migrate_plan_command = ["./plan.sh", "--plan"]
}
`

// hooked writes hci.hcl and scripts that tell of what they were given.
func (s *stage) hooked(plan string) {
	s.write("hci.hcl", hooksOf)
	s.write("told.sh", "#!/bin/sh\ncat > told.json\nenv > told.env\nprintf 'sent \\033[31m\\n'\nexit 3\n")
	s.write("plan.sh", "#!/bin/sh\nenv > plan.env\n"+plan)
	for _, name := range []string{"told.sh", "plan.sh"} {
		if err := os.Chmod(filepath.Join(s.dir, name), 0o700); err != nil {
			s.t.Fatal(err)
		}
	}
	s.write(".gitignore", "told.json\n*.env\n")
}

func (s *stage) told() (r deploy.Report) {
	s.t.Helper()
	if err := json.Unmarshal([]byte(read(s.t, filepath.Join(s.dir, "told.json"))), &r); err != nil {
		s.t.Fatal(err)
	}
	return r
}

// TestDeployNotify: the commands of a deploy block run once they are trusted, and not
// before; one is told how it ended, the other shows what would be migrated.
func TestDeployNotify(t *testing.T) {
	s := newStage(t, fakeaws.Healthy)
	s.environ = append(s.environ, "TF_VAR_token=s3cr3t-of-terraform")
	s.hooked("echo \"0042_add $HCI_DEPLOY_ENVIRONMENT\"\nprintf '\\033]0;owned\\007'\necho not shown as a plan >&2\n")
	commit := s.commit()
	s.held(commit)
	untrusted := []string{
		`warning: hci.hcl: nobody is told how it ends: notify of "staging" in hci.hcl has not been trusted and was not run: ./told.sh`,
		`warning: hci.hcl: which migrations would run is not known: migrate_plan_command of "staging"`, "'hci trust staging' shows it and asks; in CI, where you have read it: HCI_TRUST=",
	}
	s.run(deployStaging()...).is(t, 0, append(untrusted, "hci: deployed\n")...)
	for _, name := range []string{"told.json", "plan.env"} {
		if _, err := os.Stat(filepath.Join(s.dir, name)); err == nil {
			t.Errorf("an untrusted command ran: %s", name)
		}
	}
	s.run("trust", "staging", "--yes").is(t, 0, "notify of \"staging\":\n  ./told.sh\n", "trusted 2 commands")
	p := s.run("deploy", "staging", "--steps", "migrate,update", "--dry-run")
	p.is(t, 0, "migrations that would run, as migrate_plan_command says:\n  0042_add staging\n", "migrate_plan_command: not shown as a plan")
	if strings.Contains(p.out, "not shown") {
		t.Error("what it writes to stderr stands in the plan")
	}
	if _, err := os.Stat(filepath.Join(s.dir, "told.json")); err == nil {
		t.Error("a dry run was told of")
	}
	s.write("more", "x")
	commit = s.commit()
	s.held(commit)
	s.run(deployStaging()...).is(t, 0, "hci: notify: sent ?[31m\n", "warning: notify of hci.hcl: ./told.sh ended with exit code 3", "hci: deployed\n")
	r := s.told()
	if r.Result != "deployed" || r.Environment != "staging" || r.Account != "123456789012" || !strings.HasPrefix(r.Commit, commit) || r.Schema != 1 || len(r.Steps) != 2 || r.Error != "" ||
		!slices.Equal(r.Services, []deploy.ReportService{{Service: "hci_service_staging", Before: "hci_web_staging:2", Current: "hci_web_staging:3", Result: "deployed", URL: r.Services[0].URL}}) {
		t.Errorf("told %+v", r)
	}
	for _, name := range []string{"told.env", "plan.env"} {
		env := read(t, filepath.Join(s.dir, name))
		for _, secret := range []string{stagePhrase, "s3cr3t-of-terraform"} {
			if strings.Contains(env, secret) {
				t.Errorf("%s has a secret", name)
			}
		}
		if has := strings.Contains(env, "AWS_SECRET_ACCESS_KEY="); has != (name == "plan.env") {
			t.Errorf("%s: AWS credentials: %v", name, has)
		}
	}
	s.run("deploy", "rollback", "staging", "--yes", "--poll", "10ms").is(t, 0, "hci: notify: sent")
	if r := s.told(); r.Result != "rolled back" || r.Services[0].Before != "hci_web_staging:3" || r.Services[0].Current != "hci_web_staging:2" || r.Commit != "" {
		t.Errorf("told %+v", r)
	}
}

// TestDeployNotifyFailure: a failure is told as what it is, and a plan that can't be
// made, or is too long, stands in nobody's way.
func TestDeployNotifyFailure(t *testing.T) {
	s := newStage(t, fakeaws.MigrationFails)
	s.hooked("i=0; while [ $i -lt 60 ]; do echo \"line $i\"; i=$((i+1)); done\n")
	s.held(s.commit())
	s.run("trust", "staging", "--yes").is(t, 0)
	s.run(deployStaging()...).is(t, 1, "  line 39\n  …\n", "the service was not touched")
	r := s.told()
	if r.Result != "failed" || !strings.Contains(r.Error, "exit code 3") || r.Services[0].Result != "failed" || r.Services[0].Current != "hci_web_staging:1" {
		t.Errorf("told %+v", r)
	}
	s.write("plan.sh", "#!/bin/sh\nexit 4\n")
	s.run("trust", "staging", "--yes")
	s.run("deploy", "staging", "--steps", "migrate,update", "--dry-run").is(t, 0, "warning: which migrations would run is not known: migrate_plan_command of hci.hcl: ./plan.sh ended with exit code 4", "1. migrate")
	s.write("plan.sh", "#!/bin/sh\ntrue\n")
	s.run("trust", "staging", "--yes")
	s.run("deploy", "staging", "--steps", "migrate,update", "--dry-run").is(t, 0, "migrations that would run: none, says migrate_plan_command")
}

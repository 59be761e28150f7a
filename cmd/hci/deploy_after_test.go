package main

import (
	"slices"
	"strings"
	"testing"

	"hci/internal/testing/fakeaws"
)

// wants writes a deploy block.
func (s *stage) wants(lines string) { s.write("hci.hcl", "deploy {\n"+lines+"\n}\n") }

// TestDeployMigrateWhen: the database is migrated when hci.hcl says, in the plan and for
// real.
func TestDeployMigrateWhen(t *testing.T) {
	const register, run, update = "RegisterTaskDefinition", "RunTask", "UpdateService"
	for _, c := range []struct {
		name, wants string
		args        []string
		plan        []string
		asked       []string
	}{
		{"after", `migrate = "after"`, nil, []string{"1. update", "2. migrate-after run hci_migrate_staging in the image of commit", "after the update, when the image serves"}, []string{register, update, register, run}},
		{"both", `migrate = "both"`, nil, []string{"1. migrate", "2. update", "3. migrate-after"}, []string{register, run, register, update, register, run}},
		{"two commands", "migrate_command = [\"./manage.py\", \"migrate\"]\nmigrate_after_command = [\"./manage.py\", \"migrate\", \"--contract\"]", nil,
			[]string{"run the migrate command in hci_web_staging", "3. migrate-after"}, []string{register, run, update, run}},
		{"a command after", "migrate_after_command = [\"./manage.py\", \"migrate\", \"--contract\"]", nil, []string{"1. migrate", "run hci_migrate_staging", "3. migrate-after run the migrate command in hci_web_staging"},
			[]string{register, run, register, update, run}},
		{"skipped", `migrate = "both"`, []string{"--steps", "", "--skip", "migrate,login,build,push"}, []string{"1. update"}, []string{register, update}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newStage(t, fakeaws.Healthy)
			s.wants(c.wants)
			s.held(s.commit())
			var commands []string
			s.request = func(operation string, in map[string]any) {
				if over, ok := in["overrides"].(map[string]any); operation == run && ok {
					for _, one := range over["containerOverrides"].([]any) {
						commands = append(commands, strings.Join(strs(one.(map[string]any)["command"]), " "))
					}
				}
			}
			s.run(deployStaging(append(c.args, "--verbose")...)...).is(t, 0, append(c.plan, "hci: deployed\n")...)
			if changed := s.changed(); !slices.Equal(changed, c.asked) {
				t.Errorf("asked for %q, want %q", changed, c.asked)
			}
			want := map[string][]string{"two commands": {"./manage.py migrate", "./manage.py migrate --contract"}, "a command after": {"./manage.py migrate --contract"}}[c.name]
			if !slices.Equal(commands, want) {
				t.Errorf("ran %q, want %q", commands, want)
			}
		})
	}
	s := newStage(t, fakeaws.Healthy)
	s.wants(`migrate = "after"`)
	s.held(s.commit())
	s.run(deployStaging("--wait=false")...).is(t, 1, "--wait=false does not go with a migration after the update")
	s.run("deploy", "migrate", "staging", "--after", "--yes").is(t, 1, `--after is for hci.hcl with migrate = "both"`)
	s.run("deploy", "staging", "--explain").is(t, 0, "migrate", "hci.hcl:2")
	s.wants("migrate = \"before\"\nmigrate_after_command = [\"x\"]")
	s.run("deploy", "staging", "--explain").is(t, 1, `migrate_after_command, which is run after the update, and migrate = "before"`)
	s.wants(`migrate = "later"`)
	s.run("deploy", "staging", "--explain").is(t, 1, `must be "before", "after" or "both"`)
}

func strs(v any) (all []string) {
	for _, item := range v.([]any) {
		all = append(all, item.(string))
	}
	return all
}

// TestDeployMigrateAfterFails: the new image serves all the same, which is said, and
// resuming runs that migration and nothing else.
func TestDeployMigrateAfterFails(t *testing.T) {
	for _, c := range []struct{ name, wants string }{{"after", `migrate = "after"`}, {"both", `migrate = "both"`}} {
		t.Run(c.name, func(t *testing.T) {
			s := newStage(t, fakeaws.Healthy)
			s.wants(c.wants)
			s.held(s.commit())
			s.on("after", func(operation string) {
				if operation == "UpdateService" {
					s.player.set(func(p *player) { p.exit = 3 })
				}
			})
			s.run(deployStaging()...).is(t, 1, "migrate-after: the migration failed", "ended with exit code 3", "the service was updated before: it runs hci_web_staging:2", "'hci deploy --resume staging' goes on from here")
			s.on("after", nil)
			s.player.set(func(p *player) { p.exit = 0 })
			before := len(s.changed())
			s.run("deploy", "staging", "--resume", "--yes", goOn).is(t, 0, "still to do: migrate-after", "1. migrate-after", "hci: deployed\n")
			if changed := s.changed()[before:]; !slices.Equal(changed, []string{"RunTask"}) {
				t.Errorf("asked for %q", changed)
			}
			s.run("deploy", "staging", "--resume", "--yes").is(t, 1, "no deployment was left unfinished")
		})
	}
}

// TestDeployMigrateAfterRolledBack: an update that was rolled back before its migration
// is done again, and the own one is nobody else's.
func TestDeployMigrateAfterRolledBack(t *testing.T) {
	s := newStage(t, fakeaws.Healthy)
	s.wants(`migrate = "after"`)
	s.held(s.commit())
	s.on("after", func(operation string) {
		if operation == "UpdateService" {
			s.player.set(func(p *player) { p.exit = 3 })
		}
	})
	s.run(deployStaging()...).is(t, 1, "migrate-after: the migration failed")
	s.on("after", nil)
	p := s.run("deploy", "staging", "--resume", "--yes", goOn, "--dry-run")
	p.is(t, 0, "1. migrate-after")
	if strings.Contains(p.out+p.err, "somebody else") {
		t.Errorf("hci's own deployment is called another's: %s%s", p.out, p.err)
	}
	s.run("deploy", "rollback", "staging", "--yes", "--poll", "10ms").is(t, 0, "hci_web_staging:1 is what runs")
	s.player.set(func(p *player) { p.exit = 0 })
	s.run("deploy", "staging", "--resume", "--yes", goOn).is(t, 0, "still to do: update, migrate-after", "hci: deployed\n")
	if runs, _ := s.runs(); runs != "hci_web_staging:2" {
		t.Errorf("%s runs, and is said to be deployed", runs)
	}
}

// TestDeployMigrateAfterServices: the migration after the update waits for every service,
// and a resumed deployment updates what is left before it.
func TestDeployMigrateAfterServices(t *testing.T) {
	s := newStage(t, fakeaws.Healthy, (*stage).services, func(s *stage) { s.failing = "hci_worker_staging" })
	s.wants(`migrate = "after"`)
	s.held(s.commit())
	s.run(deployStaging()...).is(t, 1, "the migration after the update was not run, since not every service was deployed")
	if n := len(s.player.migrated()); n != 0 {
		t.Errorf("migrated %d times", n)
	}
	s.run("deploy", "staging", "--resume", "--yes", goOn).is(t, 1, "service hci_worker_staging:", "was not run")
	if n := len(s.player.migrated()); n != 0 {
		t.Errorf("migrated %d times", n)
	}
	all := newStage(t, fakeaws.Healthy, (*stage).services)
	all.wants(`migrate = "after"`)
	all.held(all.commit())
	all.run(deployStaging()...).is(t, 0, "migrate-after", "hci: deployed\n")
	if changed := all.changed(); changed[len(changed)-1] != "RunTask" || len(all.player.migrated()) != 1 {
		t.Errorf("asked for %q", changed)
	}
}

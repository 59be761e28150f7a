package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"

	"hci/internal/testing/fakeaws"
)

// eventsOf reads a run's events, each of which must fit the schema.
func eventsOf(t *testing.T, p played) (all []deployEvent) {
	t.Helper()
	text, err := os.ReadFile(schemas + "/deploy.json")
	if err != nil {
		t.Fatal(err)
	}
	var schema map[string]any
	if err := json.Unmarshal(text, &schema); err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(p.out) {
		var e deployEvent
		var any any
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		_ = json.Unmarshal([]byte(line), &any) // it did
		if err := valid(schema, any, "event"); err != nil {
			t.Errorf("%s: %v", line, err)
		}
		all = append(all, e)
	}
	return all
}

func kindsOf(all []deployEvent) (kinds []string) {
	for _, e := range all {
		if kind := e.Event + " " + e.Step; e.Event != "message" && !slices.Contains(kinds, strings.TrimSpace(kind)) {
			kinds = append(kinds, strings.TrimSpace(kind))
		}
	}
	return kinds
}

// TestDeployEvents: with --json standard output holds what happens, an object a line,
// and nothing else; the last line tells how it ended.
func TestDeployEvents(t *testing.T) {
	s := newStage(t, fakeaws.Healthy)
	s.held(s.commit())
	planned := eventsOf(t, s.run(deployStaging("--dry-run", "--json")...))
	if last := planned[len(planned)-1]; last.Event != "end" || last.Result != "planned" {
		t.Errorf("a dry run ends with %+v", last)
	}
	plan := planned[len(planned)-2].Plan
	if plan == nil || len(plan.Steps) != 2 || plan.Steps[0].Step != "migrate" || len(plan.Changes) != 1 || !strings.HasPrefix(plan.Changes[0], "containers.web.image: ") || plan.Account != "123456789012" {
		t.Errorf("the plan is %+v", plan)
	}
	p := s.run(deployStaging("--json")...)
	p.is(t, 0, "hci: deployed\n")
	done := eventsOf(t, p)
	if kinds := kindsOf(done); !slices.Equal(kinds, []string{"plan", "begin migrate", "log", "done migrate", "begin update", "rollout", "done update", "end"}) {
		t.Errorf("events %q", kinds)
	}
	if last := done[len(done)-1]; last.Result != "deployed" || last.Report == nil || last.Report.Services[0].Current != "hci_web_staging:2" {
		t.Errorf("it ends with %+v", last)
	}
	again := eventsOf(t, s.run("deploy", "migrate", "staging", "--yes", "--json", "--poll", "10ms"))
	if last := again[len(again)-1]; last.Result != "migrated" {
		t.Errorf("a migration ends with %+v", last)
	}
	failing := newStage(t, fakeaws.MigrationFails)
	failing.held(failing.commit())
	p = failing.run(deployStaging("--json")...)
	all := eventsOf(t, p)
	if last := all[len(all)-1]; last.Event != "error" || last.ExitCode != 1 || last.Result != "failed" || all[len(all)-2].Event != "end" || all[len(all)-2].Result != "failed" {
		t.Errorf("a failure ends with %+v", all[len(all)-2:])
	}
	busy := newStage(t, fakeaws.InProgress)
	busy.held(busy.commit())
	all = eventsOf(t, busy.run(deployStaging("--json")...))
	if kinds := kindsOf(all); !slices.Equal(kinds, []string{"finding", "error"}) || all[0].Finding.Level != "conflict" || all[len(all)-1].ExitCode != exitConflict {
		t.Errorf("events %q: %+v", kinds, all)
	}
}

// TestDeployFolded: the logs of CI systems are folded by step, and what failed is told
// below.
func TestDeployFolded(t *testing.T) {
	for _, c := range []struct {
		variable string
		want     []string
	}{
		{"GITHUB_ACTIONS", []string{"::group::hci: migrate\n", "::endgroup::\nhci: migrate: the migration failed"}},
		{"GITLAB_CI", []string{"\x1b[0Ksection_start:", ":hci_migrate[collapsed=true]\r\x1b[0Khci: migrate\n", "\x1b[0Ksection_end:", ":hci_migrate\r\x1b[0K\nhci: migrate: the migration failed"}},
	} {
		t.Run(c.variable, func(t *testing.T) {
			s := newStage(t, fakeaws.MigrationFails)
			s.held(s.commit())
			var out, errOut bytes.Buffer
			code := run(context.Background(), append([]string{"-C", s.dir}, deployStaging()...), streams{in: strings.NewReader(""), out: &out, err: &errOut}, append(s.environ, c.variable+"=true"))
			at, text := 0, errOut.String()
			for _, want := range c.want {
				i := strings.Index(text[at:], want)
				if i < 0 || code != 1 {
					t.Fatalf("exit code %d; %q does not come in its place in\n%q", code, want, text)
				}
				at += i
			}
		})
	}
}

package state

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"hci/internal/aws/ecs"
)

// TestPhasesOfThePage: docs/deploy.md has the phases as they are, each with those that may
// follow it.
func TestPhasesOfThePage(t *testing.T) {
	page, err := os.ReadFile(filepath.Join("..", "..", "..", "docs", "deploy.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, table, ok := strings.Cut(string(page), "| phase | what it means | next |\n|---|---|---|\n")
	if !ok {
		t.Fatal("the page has no table of phases")
	}
	told := map[Phase][]Phase{}
	for line := range strings.Lines(table) {
		cells := strings.Split(strings.TrimSpace(line), "|")
		if len(cells) < 4 {
			break
		}
		phase := Phase(strings.TrimSpace(cells[1]))
		told[phase] = []Phase{}
		for next := range strings.SplitSeq(cells[3], ",") {
			if next = strings.TrimSpace(next); next != "" {
				told[phase] = append(told[phase], Phase(next))
			}
		}
	}
	if len(told) != len(phases) {
		t.Errorf("the page has %d phases, the code %d", len(told), len(phases))
	}
	for phase, next := range phases {
		if !slices.Equal(told[phase], next) {
			t.Errorf("%s: the page says %q, the code %q", phase, told[phase], next)
		}
	}
}

// TestEnter: a phase is followed by those of the table, and by itself.
func TestEnter(t *testing.T) {
	for from, allowed := range phases {
		for to := range phases {
			j := Unkept("staging", Order)
			j.Phase = from
			err := j.Enter(to)
			may := from == to || slices.Contains(allowed, to)
			if (err == nil) != may || may && j.Phase != to || !may && j.Phase != from {
				t.Errorf("%s, then %s: %v, is %s", from, to, err, j.Phase)
			}
		}
	}
}

// TestDidMigrate: that the migration is done and that it is not under way is one write.
func TestDidMigrate(t *testing.T) {
	j := NewJournal(t.TempDir(), "staging", Order)
	if err := j.Enter(Migrating); err != nil {
		t.Fatal(err)
	}
	if err := j.Did(Migrate); err != nil || j.Phase != Prepared || !j.IsDone(Migrate) {
		t.Errorf("%v, %s, done %q", err, j.Phase, j.Done)
	}
}

// TestFind: a deployment that was started is known by its id or, where the answer was
// lost, by its revision.
func TestFind(t *testing.T) {
	mine := ecs.Deployment{ID: "mine", Status: "PRIMARY", Revision: "web:2"}
	before := ecs.Deployment{ID: "before", Status: "PRIMARY", Revision: "web:1"}
	other := ecs.Deployment{ID: "other", Status: "PRIMARY", Revision: "web:3"}
	for _, c := range []struct {
		name    string
		phase   Phase
		rollout Rollout
		has     []ecs.Deployment
		want    string
	}{
		{"nothing was asked for", Prepared, Rollout{Seen: "before", Revision: "web:2"}, []ecs.Deployment{mine}, ""},
		{"the answer was lost", Updating, Rollout{Seen: "before", Revision: "web:2"}, []ecs.Deployment{mine}, "mine"},
		{"it never arrived", Updating, Rollout{Seen: "before", Revision: "web:2"}, []ecs.Deployment{before}, ""},
		{"a restart that never arrived", Updating, Rollout{Seen: "before", Revision: "web:1"}, []ecs.Deployment{before}, ""},
		{"somebody else's arrived", Updating, Rollout{Seen: "before", Revision: "web:2"}, []ecs.Deployment{other}, ""},
		{"it rolls out", RollingOut, Rollout{Seen: "before", Revision: "web:2", Deployment: "mine"}, []ecs.Deployment{mine}, "mine"},
		{"it is gone", RollingOut, Rollout{Seen: "before", Revision: "web:2", Deployment: "mine"}, []ecs.Deployment{other}, ""},
		{"it has ended, and failed", Ended, Rollout{Seen: "before", Revision: "web:2", Deployment: "mine"}, []ecs.Deployment{mine}, "mine"},
	} {
		j := &Journal{Phase: c.phase, Rollout: c.rollout}
		got := ""
		if d := j.Find(&ecs.Service{Deployments: c.has}); d != nil {
			got = d.ID
		}
		if got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

// TestWentBack: a rollback of what this deployment began with or made is followed; one of
// somebody else's is not.
func TestWentBack(t *testing.T) {
	for _, c := range []struct {
		name  string
		phase Phase
		was   ecs.Deployment
		seen  string
		next  Phase
	}{
		{"of what it began with", Prepared, ecs.Deployment{ID: "before", Revision: "web:1"}, "back", Prepared},
		{"of its own", RollingOut, ecs.Deployment{ID: "mine", Revision: "web:2"}, "back", Ended},
		{"of its own whose id it does not know", Updating, ecs.Deployment{ID: "new", Revision: "web:2"}, "back", Ended},
		{"of another's", Ended, ecs.Deployment{ID: "other", Revision: "web:3"}, "before", Ended},
	} {
		j := &Journal{Phase: c.phase, Rollout: Rollout{Seen: "before", Revision: "web:2", Deployment: "mine"}}
		if err := j.WentBack(&c.was, "back"); err != nil || j.Seen != c.seen || j.Phase != c.next {
			t.Errorf("%s: %v, seen %q, %s", c.name, err, j.Seen, j.Phase)
		}
	}
	j := &Journal{Phase: Prepared, Rollout: Rollout{Seen: "before"}}
	if err := j.WentBack(nil, "back"); err != nil || j.Seen != "before" {
		t.Errorf("%v, seen %q", err, j.Seen)
	}
}

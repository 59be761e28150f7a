package deploy_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"hci/internal/aws/ecs"
	"hci/internal/deploy"
	"hci/internal/deploy/names"
	"hci/internal/deploy/preflight"
	"hci/internal/deploy/revisions"
	"hci/internal/deploy/rollout"
	"hci/internal/deploy/state"
	"hci/internal/testing/fakeaws"
	"hci/internal/testing/scene"
	"hci/tfvars/module"
)

// listener notes what it is told, and decides.
type listener struct {
	mu     sync.Mutex
	said   []string
	choice deploy.Choice
	asked  func() // when it is asked to decide; may be nil
}

func (l *listener) Begin(state.Step)                   {}
func (l *listener) Now(string)                         {}
func (l *listener) End(deploy.Done, error)             {}
func (l *listener) Stopped(t ecs.StoppedTask)          {}
func (l *listener) Seen(*ecs.Service, *ecs.Deployment) {}
func (l *listener) Log(line ecs.LogLine)               { l.Say("| %s", line.Text) }
func (l *listener) Say(format string, args ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.said = append(l.said, fmt.Sprintf(format, args...))
}
func (l *listener) Decide(rollout.Result, bool) deploy.Choice {
	if l.asked != nil {
		l.asked()
	}
	return l.choice
}

func (l *listener) says(t *testing.T, text string) {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	if !strings.Contains(strings.Join(l.said, "\n"), text) {
		t.Errorf("%q is not said in\n%s", text, strings.Join(l.said, "\n"))
	}
}

// job looks, and is ready to run the steps that are left.
func job(t *testing.T, s *scene.Scene, j *state.Journal, force bool) (*deploy.Job, *listener) {
	t.Helper()
	p := s.Preflight(j, j.Left()...)
	p.Force = force
	look, err := p.Look(t.Context())
	if err == nil {
		err = preflight.Blocking(look.Findings)
	}
	if err != nil {
		t.Fatalf("%v: %+v", err, look.Findings)
	}
	l := &listener{}
	one := &deploy.Job{
		Env: "staging", Names: s.Names, Look: look, Journal: j, Steps: j.Left(), Registry: s.Registry, Cluster: s.On, Rollout: s.On, Changes: s.On, Tasks: s.On,
		Timeout: time.Minute, Every: scene.Poll, Talk: l,
	}
	one.Choose()
	if !j.Begun() {
		j.Region, j.Commit, j.Tag, j.Who = scene.Region, scene.Commit, look.Tag, "somebody/host"
		if p := look.Service.Primary(); p != nil {
			j.Seen = p.ID
		}
	}
	return one, l
}

var whole = []state.Step{state.Migrate, state.Update}

// runs is what the service is to run, and whether that is rolled out.
func runs(t *testing.T, s *scene.Scene) string {
	t.Helper()
	now, err := s.On.State(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return now.Revision.Name
}

// TestDeploy: the migration and the service run the image, and the journal is removed.
func TestDeploy(t *testing.T) {
	s := scene.New(t, fakeaws.Healthy)
	s.Held()
	j := state.NewJournal(s.Dir, "staging", whole)
	one, said := job(t, s, j, false)
	var plan strings.Builder
	if err := one.Plan().Show(&plan, false, func(text string) string { return text }); err != nil || !strings.Contains(plan.String(), "1. migrate  run migrate in the image of commit 0123456789ab") || !strings.Contains(plan.String(), "~ containers.app.image: ") {
		t.Errorf("%s, %v", plan.String(), err)
	}
	done, err := one.Run(t.Context())
	if err != nil || len(done) != 2 || runs(t, s) != "web:2" || len(state.Journals(s.Dir)) > 0 {
		t.Errorf("%+v, %v, %s runs, left %q", done, err, runs(t, s), state.Journals(s.Dir))
	}
	said.says(t, "the tag latest of app_staging names the image that serves")
	said.says(t, "registered web:2")
	d, err := s.On.Definition(t.Context(), "web")
	if err != nil || d.Tag("hci:made-from") != "from=1 through=1" || !strings.Contains(d.Containers()[0].Image, "app_staging@sha256:") {
		t.Errorf("%+v, %v", d, err)
	}
	// Once more: nothing differs, so that the tasks are restarted.
	again, said := job(t, s, state.Unkept("staging", []state.Step{state.Update}), false)
	if _, err := again.Run(t.Context()); err != nil || runs(t, s) != "web:2" {
		t.Errorf("%v, %s runs", err, runs(t, s))
	}
	said.says(t, "nothing of web:2 differs: its tasks are restarted")
}

// TestDeployMigrationFails: the service is not touched, and the next attempt migrates
// again.
func TestDeployMigrationFails(t *testing.T) {
	s := scene.New(t, fakeaws.Healthy)
	s.Held()
	s.Exit = 3
	j := state.NewJournal(s.Dir, "staging", whole)
	one, _ := job(t, s, j, false)
	_, err := one.Run(t.Context())
	var failed *deploy.TaskError
	if !errors.As(err, &failed) || j.Phase != state.Prepared || j.Touched() || runs(t, s) != "web:1" {
		t.Fatalf("%v, %s, %s runs", err, j.Phase, runs(t, s))
	}
	if text := strings.Join(failed.Explain(), "\n"); !strings.Contains(text, "Essential container in task exited") {
		t.Error(text)
	}
	s.Exit = 0
	kept, err := state.OpenJournal(s.Dir, "staging")
	if err != nil {
		t.Fatal(err)
	}
	again, _ := job(t, s, kept, false)
	if _, err := again.Run(t.Context()); err != nil || s.Asked("RunTask") != 2 {
		t.Errorf("%v, migrated %d times", err, s.Asked("RunTask"))
	}
}

// TestDeployTerraformMeanwhile: what Terraform registers before the update is a conflict,
// and the next attempt is made from it.
func TestDeployTerraformMeanwhile(t *testing.T) {
	s := scene.New(t, fakeaws.Healthy)
	s.Names.Others = nil // so that another host is no other environment's
	s.Held()
	j := state.NewJournal(s.Dir, "staging", whole)
	one, _ := job(t, s, j, false)
	var once sync.Once
	s.Before(func(operation string) {
		if operation == "RunTask" {
			once.Do(func() { s.Registers("web", "another") })
		}
	})
	_, err := one.Run(t.Context())
	var newer *revisions.NewerError
	if !errors.As(err, &newer) || newer.Newer.Name != "web:2" || runs(t, s) != "web:1" || j.Touched() {
		t.Fatalf("%v, %s runs", err, runs(t, s))
	}
	again, _ := job(t, s, j, false)
	if _, err := again.Run(t.Context()); err != nil || s.Asked("RunTask") != 1 {
		t.Fatalf("%v, migrated %d times", err, s.Asked("RunTask"))
	}
	d, err := s.On.Definition(t.Context(), runs(t, s))
	if err != nil || d.Tag("hci:made-from") != "from=2 through=2" {
		t.Errorf("%+v, %v", d, err)
	}
}

// TestDeployOvertaken: what somebody else makes the service run after the checks is not
// gone over.
func TestDeployOvertaken(t *testing.T) {
	s := scene.New(t, fakeaws.Healthy)
	s.Held()
	j := state.NewJournal(s.Dir, "staging", whole)
	one, _ := job(t, s, j, false)
	if _, err := s.On.Update(t.Context(), s.Registers("web", "staging"), false); err != nil {
		t.Fatal(err)
	}
	_, err := one.Run(t.Context())
	var superseded *rollout.SupersededError
	if !errors.As(err, &superseded) || j.Touched() {
		t.Errorf("%v, %s", err, j.Phase)
	}
}

// TestDeployRefused: an update that AWS refuses has changed nothing.
func TestDeployRefused(t *testing.T) {
	s := scene.New(t, fakeaws.Healthy)
	s.Held()
	s.Refuses("UpdateService")
	j := state.NewJournal(s.Dir, "staging", []state.Step{state.Update})
	one, _ := job(t, s, j, false)
	if _, err := one.Run(t.Context()); err == nil || j.Phase != state.Prepared || runs(t, s) != "web:1" {
		t.Errorf("%v, %s", err, j.Phase)
	}
	s.Refuses()
	again, _ := job(t, s, j, false)
	if _, err := again.Run(t.Context()); err != nil || runs(t, s) != "web:2" { // which was registered before
		t.Errorf("%v, %s runs", err, runs(t, s))
	}
}

// TestDeployCrashLoop: a crash loop is left or rolled back, as is decided.
func TestDeployCrashLoop(t *testing.T) {
	for _, choice := range []deploy.Choice{deploy.Leave, deploy.RollBack} {
		s := scene.New(t, fakeaws.CrashLoop)
		s.Held()
		j := state.NewJournal(s.Dir, "staging", []state.Step{state.Update})
		one, said := job(t, s, j, false)
		said.choice = choice
		_, err := one.Run(t.Context())
		var not *rollout.NotDeployedError
		if !errors.As(err, &not) {
			t.Fatal(err)
		}
		switch {
		case choice == deploy.Leave && (not.Result.End != rollout.CrashLoop || j.Phase != state.RollingOut || runs(t, s) != "web:2"):
			t.Errorf("%v, %s, %s runs", err, j.Phase, runs(t, s))
		case choice == deploy.RollBack && (not.Result.End != rollout.RolledBack || j.Phase != state.Ended || runs(t, s) != "web:1"):
			t.Errorf("%v, %s, %s runs", err, j.Phase, runs(t, s))
		}
	}
}

// TestDeployNotStopped: where ECS can't be told to stop a deployment, the service is made to
// run the revision before; where it can't, either, that is told.
func TestDeployNotStopped(t *testing.T) {
	for _, refused := range [][]string{{"StopServiceDeployment"}, {"StopServiceDeployment", "UpdateService"}} {
		s := scene.New(t, fakeaws.CrashLoop)
		s.Held()
		j := state.NewJournal(s.Dir, "staging", []state.Step{state.Update})
		one, said := job(t, s, j, false)
		said.choice, said.asked = deploy.RollBack, func() { s.Refuses(refused...) }
		_, err := one.Run(t.Context())
		var back *deploy.RollbackError
		var stop *deploy.StopError
		switch {
		case len(refused) == 1 && (errors.As(err, &back) || j.Phase != state.Ended || runs(t, s) == "web:2"):
			t.Errorf("%v, %s, %s runs", err, j.Phase, runs(t, s))
		case len(refused) == 2 && (!errors.As(err, &back) || !errors.As(err, &stop) || stop.Unknown || j.Phase != state.RollingOut):
			t.Errorf("%v, %s", err, j.Phase)
		}
	}
}

// TestDeployInterrupted: a rollout whose watching is interrupted is left, and watched again
// by the next run, which changes nothing.
func TestDeployInterrupted(t *testing.T) {
	s := scene.New(t, fakeaws.BlueGreen)
	s.Held()
	j := state.NewJournal(s.Dir, "staging", []state.Step{state.Update})
	one, said := job(t, s, j, false)
	ctx, cancel := context.WithCancel(t.Context())
	var once sync.Once
	s.Before(func(operation string) {
		if operation == "DescribeServiceDeployments" {
			once.Do(cancel)
		}
	})
	said.choice = deploy.Leave
	if _, err := one.Run(ctx); !errors.Is(err, context.Canceled) || !one.Interrupted || j.Phase != state.RollingOut {
		t.Fatalf("%v, %s", err, j.Phase)
	}
	s.Before(nil)
	kept, err := state.OpenJournal(s.Dir, "staging")
	if err != nil {
		t.Fatal(err)
	}
	again, said := job(t, s, kept, false)
	if !again.Look.Watch {
		t.Fatal("it is not watched")
	}
	if plan := again.Plan(); len(plan.Changes) > 0 || !strings.Contains(plan.Steps[0].What, "watch the rollout of web:2") {
		t.Errorf("%+v", plan)
	}
	if _, err := again.Run(t.Context()); err != nil || s.Asked("UpdateService") != 1 || len(state.Journals(s.Dir)) > 0 {
		t.Errorf("%v, updated %d times", err, s.Asked("UpdateService"))
	}
	said.says(t, "is watched again")
}

// TestDeployNoWait: a rollout that is only started is told as that.
func TestDeployNoWait(t *testing.T) {
	s := scene.New(t, fakeaws.Healthy)
	s.Held()
	one, _ := job(t, s, state.Unkept("staging", []state.Step{state.Update}), false)
	one.NoWait = true
	done, err := one.Run(t.Context())
	if err != nil || one.Outcome() != "started" || !strings.Contains(done[0].Words, "was started, and is not waited for") {
		t.Errorf("%+v, %v", done, err)
	}
}

// TestDeployTask: a one-off task runs the deployed image.
func TestDeployTask(t *testing.T) {
	s := scene.New(t, fakeaws.Healthy)
	s.Held()
	j := state.Unkept("staging", nil)
	one, _ := job(t, s, state.Unkept("staging", []state.Step{state.Migrate}), false)
	one.Journal, one.Steps = j, nil
	d, err := s.On.Definition(t.Context(), "migrate")
	if err != nil {
		t.Fatal(err)
	}
	image := s.Server.RepositoryURI() + ":" + scene.Tag
	words, err := one.RunTask(t.Context(), d, "m", image, false)
	if err != nil || !strings.Contains(words, "of migrate:2 ended with exit code 0") {
		t.Errorf("%q, %v", words, err)
	}
	s.Refuses("RunTask")
	if _, err := one.RunTask(t.Context(), d, "m", "", false); err == nil {
		t.Error("it was refused")
	}
}

// TestGoBack: a deployment that has ended well is undone, as where another service's failed.
func TestGoBack(t *testing.T) {
	s := scene.New(t, fakeaws.Healthy)
	s.Held()
	one, said := job(t, s, state.Unkept("staging", []state.Step{state.Update}), false)
	if _, err := one.Run(t.Context()); err != nil || runs(t, s) != "web:2" {
		t.Fatal(err)
	}
	if err := one.GoBack(t.Context()); err != nil || runs(t, s) == "web:2" {
		t.Errorf("%v, %s runs", err, runs(t, s))
	}
	said.says(t, "rolling back to ")
	one.Journal.Before = ""
	if err := one.GoBack(t.Context()); err == nil {
		t.Error("there is nothing to go back to")
	}
}

// TestGoBackTooLate: what somebody deployed while hci asked stays.
func TestGoBackTooLate(t *testing.T) {
	s := scene.New(t, fakeaws.Healthy)
	s.Held()
	one, _ := job(t, s, state.Unkept("staging", []state.Step{state.Update}), false)
	if _, err := one.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	other := s.Registers("web", "x")
	if _, err := s.On.Update(t.Context(), other, false); err != nil {
		t.Fatal(err)
	}
	var superseded *rollout.SupersededError
	if err := one.GoBack(t.Context()); !errors.As(err, &superseded) || runs(t, s) != other {
		t.Errorf("%v, %s runs", err, runs(t, s))
	}
}

// TestNeeds: what is missing is asked for only by steps that need it.
func TestNeeds(t *testing.T) {
	_, missing := names.Resolve(names.Sources{Evaluated: &module.Evaluated{}})
	for _, c := range []struct {
		steps []state.Step
		want  []string
	}{
		{[]state.Step{state.Explain}, nil},
		{[]state.Step{state.Login}, []string{"cluster", "service", "repository"}},
		{[]state.Step{state.Migrate}, []string{"cluster", "service", "migrate_task"}},
	} {
		var got []string
		for _, m := range deploy.Needs(missing, c.steps) {
			got = append(got, m.Key)
		}
		for _, key := range got {
			if !slices.Contains(c.want, key) {
				t.Errorf("%v: %q", c.steps, got)
			}
		}
	}
}

// TestDeployMigrationLost: a migration whose request was sent, and not answered, is looked
// for and waited for, and not run twice.
func TestDeployMigrationLost(t *testing.T) {
	s := scene.New(t, fakeaws.Healthy)
	s.Held()
	j := state.NewJournal(s.Dir, "staging", whole)
	one, _ := job(t, s, j, false)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	s.Before(func(operation string) {
		if operation == "RunTask" {
			cancel()
			<-ended // so that no answer comes before hci has given up
		}
	})
	_, err := one.Run(ctx)
	s.Before(nil)
	close(ended)
	if !errors.Is(err, context.Canceled) || j.Phase != state.Migrating || j.Migration.Token == "" || j.Migration.Task != "" {
		t.Fatalf("%v, %s, %+v", err, j.Phase, j.Migration)
	}
	kept, err := state.OpenJournal(s.Dir, "staging")
	if err != nil {
		t.Fatal(err)
	}
	again, _ := job(t, s, kept, false)
	if _, err := again.Run(t.Context()); err != nil || runs(t, s) != "web:2" {
		t.Errorf("%v, %s runs", err, runs(t, s))
	}
	tasks, err := s.On.Running(t.Context(), "migrate")
	if err != nil || len(tasks) > 0 {
		t.Errorf("%+v, %v", tasks, err)
	}
}

// TestDeployMigrateAfter: the migration after the update is a step of its own, and if it
// fails the service runs the new image.
func TestDeployMigrateAfter(t *testing.T) {
	s := scene.New(t, fakeaws.Healthy)
	s.Held()
	s.Exit = 3
	j := state.NewJournal(s.Dir, "staging", []state.Step{state.Update, state.MigrateAfter})
	one, _ := job(t, s, j, false)
	_, err := one.Run(t.Context())
	if err == nil || j.Phase != state.Prepared || !j.IsDone(state.Update) || runs(t, s) != "web:2" || j.Revision != "web:2" {
		t.Fatalf("%v, %s, %s runs", err, j.Phase, runs(t, s))
	}
	report := one.Report(nil, err)
	report.Services = append(report.Services, one.ServiceReport(err, false))
	if report.Error == "" || report.Services[0].Current != "web:2" || report.Services[0].Before != "web:1" {
		t.Errorf("%+v", report)
	}
	if text := report.Markdown(); !strings.Contains(text, "web_staging") || !strings.Contains(text, "0123456789ab") {
		t.Error(text)
	}
	s.Exit = 0
	again, _ := job(t, s, j, false)
	done, err := again.Run(t.Context())
	if err != nil || len(done) != 1 || done[0].Step != state.MigrateAfter || s.Asked("UpdateService") != 1 {
		t.Errorf("%+v, %v", done, err)
	}
	report = again.Report(done, nil)
	if report.Result != "deployed" && report.Result != "migrated" || again.ServiceReport(nil, true).Result != "rolled back" {
		t.Errorf("%+v", report)
	}
}

// TestErrors: an error says what happened.
func TestErrors(t *testing.T) {
	three := 3
	for _, c := range []struct {
		err  error
		want string
	}{
		{&deploy.TaskError{What: "the migration", Task: ecs.OneOff{ID: "t", Exit: &three}}, "the migration failed: task t ended with exit code 3"},
		{&deploy.TaskError{What: "the migration", Task: ecs.OneOff{ID: "t"}}, "the migration failed: the container of task t never ended by itself"},
		{&deploy.TaskError{What: "the migration", Task: ecs.OneOff{ID: "t", Exit: new(int), Code: "UserInitiated"}}, "the migration failed: task t was stopped before its end"},
		{&deploy.TaskError{What: "the migration", Task: ecs.OneOff{ID: "t", Exit: new(int)}, Crashed: "proxy"}, "the migration may not have come to its end: container proxy of task t crashed, and a task ends with each container that is essential"},
		{&deploy.ForgottenError{What: "the migration", Task: "t"}, "how the migration ended is not known: AWS knows task t no more"},
		{&deploy.RunsError{What: "the migration", Task: "t"}, "the migration is still under way: task t"},
		{&deploy.StopError{Err: errors.New("no")}, "it could not be stopped: no"},
		{&deploy.StopError{Err: errors.New("no"), Unknown: true}, "whether it was stopped is not known: no"},
		{&deploy.PlatformError{Image: "app", Has: "linux/arm64", Wants: "linux/amd64"}, "app is an image for linux/arm64, and the task runs on linux/amd64"},
		{&deploy.OtherTaskError{Found: ecs.Runs{ID: "t", Revision: "migrate:1"}}, "another task of migrate:1 is under way since a time that AWS doesn't tell: task t"},
		{&deploy.StepError{Step: state.Update, Err: errors.New("no")}, "update: no"},
		{&deploy.RollbackError{Not: &rollout.NotDeployedError{Result: rollout.Result{End: rollout.Failed}}, To: "web:1", Why: "failed: no"}, "not deployed: failed, and the rollback to web:1 failed: no"},
	} {
		if got := c.err.Error(); got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
}

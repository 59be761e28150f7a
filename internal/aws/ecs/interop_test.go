//go:build interop

package ecs_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"hci/internal/aws/client"
	"hci/internal/aws/ecr"
	"hci/internal/aws/ecs"
	"hci/internal/testing/fakeaws"
)

// TestInteropServices asks hci's own AWS and moto the same, and both answer the
// same.
func TestInteropServices(t *testing.T) {
	for name, start := range map[string]func(*testing.T) place{
		"rehearsal": func(t *testing.T) place { return rehearsal(t, fakeaws.Healthy, nil) },
		"moto":      moto,
	} {
		t.Run(name, func(t *testing.T) {
			p := start(t)
			for _, c := range []struct {
				name  string
				check func(*testing.T, place)
			}{
				{"GetCallerIdentity", checkIdentity},
				{"DescribeServices", checkService},
				{"DescribeServices, missing", checkNoService},
				{"DescribeTaskDefinition", checkDefinition},
				{"DescribeTaskDefinition, missing", checkNoDefinition},
				{"RegisterTaskDefinition", checkCopy},
				{"ListTaskDefinitions", checkHistory},
				{"RunTask", checkRunTask},
				{"ListTasks", checkRunning},
				{"GetLogEvents", checkTaskLog},
				{"GetLogEvents, missing", checkNoTaskLog},
				{"FilterLogEvents", checkLogs},
				{"DescribeRepositories", checkRepository},
				{"DescribeImages", checkImage},
				{"GetAuthorizationToken", checkToken},
				{"UpdateService", checkUpdate},
			} {
				t.Run(c.name, func(t *testing.T) { c.check(t, p) })
			}
		})
	}
}

func checkIdentity(t *testing.T, p place) {
	id, err := client.WhoAmI(t.Context(), p.cfg)
	if err != nil || id.Account != "123456789012" || !strings.HasPrefix(id.ARN, "arn:aws:sts::123456789012:") {
		t.Errorf("%+v, %v", id, err)
	}
}

func checkService(t *testing.T, p place) {
	s, err := p.on().Describe(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if s.Status != "ACTIVE" || s.Desired != 1 || s.Revision.Name != "web:1" || s.Breaker || len(s.Deployments) != 1 || s.Primary() == nil || s.Primary().Revision != "web:1" || s.Primary().Created == nil {
		t.Errorf("%+v", s)
	}
	if i := s.Revision.Images; len(i) != 1 || i[0].Commit != "1a2b3c4" {
		t.Errorf("%+v", i)
	}
	if env, err := p.on().Environment(t.Context(), "app"); err != nil || env["MODE"] != "production" {
		t.Errorf("%d variables, %v", len(env), err)
	}
	// moto starts no task of a service, and says that one is pending for ever.
	if s.Steady() == p.moto || (len(s.Tasks) == 0) != p.moto {
		t.Errorf("%d tasks, %d run", len(s.Tasks), s.Running)
	}
}

func checkNoService(t *testing.T, p place) {
	var missing *ecs.NotFoundError
	if _, err := ecs.NewOn(p.cfg, "main", "other").State(t.Context()); !errors.As(err, &missing) {
		t.Error(err)
	}
	if _, err := ecs.NewOn(p.cfg, "other", "web").State(t.Context()); client.Code(err) != "ClusterNotFoundException" && !errors.As(err, &missing) {
		t.Error(err)
	}
}

func checkDefinition(t *testing.T, p place) {
	for _, id := range []string{"web:1", "web", arn + "task-definition/web:1"} {
		d, err := p.on().Definition(t.Context(), id)
		if err != nil {
			t.Fatalf("%s: %v", id, err)
		}
		c := d.Containers()
		if d.Name != "web:1" || d.Platform() != "linux/amd64" || len(c) != 1 || c[0].Name != "app" || !c[0].Essential || c[0].Image != "repo/app:git-1a2b3c4" || len(c[0].Secrets) != 1 {
			t.Errorf("%s: %+v", id, d)
		}
	}
}

func checkNoDefinition(t *testing.T, p place) {
	for _, id := range []string{"other", "web:99"} {
		var missing *ecs.NotFoundError
		if _, err := p.on().Definition(t.Context(), id); !errors.As(err, &missing) {
			t.Errorf("%s: %v", id, err)
		}
	}
}

// checkCopy registers a copy with another image: that is all that differs.
func checkCopy(t *testing.T, p place) {
	d, err := p.on().Definition(t.Context(), "web:1")
	if err != nil {
		t.Fatal(err)
	}
	name, err := p.on().Register(t.Context(), d.WithImage(pinned, []string{"app"}).WithTag("made:from", "from=1 of 2"))
	if err != nil || name != "web:2" {
		t.Fatalf("%q, %v", name, err)
	}
	copied, err := p.on().Definition(t.Context(), "web")
	if err != nil || copied.Name != "web:2" {
		t.Fatalf("%+v, %v", copied, err)
	}
	if tag := copied.Tag("made:from"); tag != "from=1 of 2" || !copied.Active() {
		t.Errorf("tagged %q, active: %v", tag, copied.Active())
	}
	if got, want := said(ecs.Compare(d, copied)), "containers.app.image: repo/app:git-1a2b3c4 → "+pinned; got != want {
		t.Errorf("differs in\n%s", got)
	}
}

func checkHistory(t *testing.T, p place) {
	revisions, runs, err := p.on().History(t.Context(), 5)
	if err != nil || runs != "web:1" || len(revisions) != 2 || revisions[0].Name != "web:2" || revisions[1].Name != "web:1" {
		t.Errorf("%+v, %q, %v", revisions, runs, err)
	}
}

// checkRunTask runs a one-off task to its end. In moto no container runs in it,
// so none has an exit code.
func checkRunTask(t *testing.T, p place) {
	task := ended(t, p, ecs.Run{Revision: "web:2", Container: "app", Command: []string{"migrate"}, Token: "checked", StartedBy: "hci/ann"})
	if task.Revision != "web:2" || task.ID == "" || task.Started == nil && !p.moto {
		t.Errorf("%+v", task)
	}
	if !p.moto && (task.Exit == nil || *task.Exit != 0 || task.Code != "EssentialContainerExited") {
		t.Errorf("%+v", task)
	}
	var missing *ecs.NotFoundError
	if _, err := p.on().OneOff(t.Context(), arn+"task/main/0123456789abcdef0123456789abcdef", "app"); !errors.As(err, &missing) {
		t.Error(err)
	}
}

func checkRunning(t *testing.T, p place) {
	before, err := p.on().Running(t.Context(), "web")
	if err != nil {
		t.Fatal(err)
	}
	task, err := p.on().RunTask(t.Context(), ecs.Run{Revision: "web:2", Container: "app", Command: []string{"serve"}, Token: "runs", StartedBy: "hci/ann"})
	if err != nil {
		t.Fatal(err)
	}
	after, err := p.on().Running(t.Context(), "web")
	if err != nil || len(before) != 0 || len(after) != 1 || !strings.HasSuffix(task, "/"+after[0].ID) || after[0].StartedBy != "hci/ann" || after[0].Revision != "web:2" {
		t.Errorf("%+v, then %+v, %v", before, after, err)
	}
}

func taskLog(t *testing.T, p place, task string) *ecs.TaskLog {
	t.Helper()
	d, err := p.on().Definition(t.Context(), "web:1")
	if err != nil {
		t.Fatal(err)
	}
	log, err := p.on().TaskLog(d, "app", task)
	if err != nil {
		t.Fatal(err)
	}
	return log
}

func checkTaskLog(t *testing.T, p place) {
	log := taskLog(t, p, p.logged)
	var texts []string
	for more := true; more; {
		var lines []ecs.LogLine
		var err error
		if lines, more, err = log.Next(t.Context()); err != nil {
			t.Fatal(err)
		}
		for _, line := range lines {
			texts = append(texts, line.Text)
			if age := time.Since(line.At); age < -time.Minute || age > time.Hour {
				t.Errorf("written at %v", line.At)
			}
		}
	}
	if got := strings.Join(texts, " "); got != "begun done" {
		t.Error(got)
	}
	last, err := log.Last(t.Context(), 1)
	if err != nil || len(last) != 1 || last[0].Text != "done" {
		t.Errorf("%v, %v", last, err)
	}
}

func checkNoTaskLog(t *testing.T, p place) {
	if lines, more, err := taskLog(t, p, "none").Next(t.Context()); err != nil || more || lines != nil {
		t.Errorf("%v, %v, %v", lines, more, err)
	}
}

func checkLogs(t *testing.T, p place) {
	var texts []string
	err := p.on().Logs(t.Context(), ecs.Tail{Container: "app", Since: time.Now().Add(-time.Hour)}, func(line ecs.LogLine) error {
		if line.Task == p.logged {
			texts = append(texts, line.Text)
		}
		return nil
	})
	if got := strings.Join(texts, " "); err != nil || got != "begun done" {
		t.Errorf("%q, %v", got, err)
	}
}

func checkRepository(t *testing.T, p place) {
	repo, err := ecr.New(p.cfg, "123456789012").Repository(t.Context(), "team/app")
	if err != nil || repo.Name != "team/app" || repo.Account != "123456789012" || repo.Immutable || !repo.Takes("git-1a2b3c4") || repo.URI != repo.Host()+"/team/app" {
		t.Errorf("%+v, %v", repo, err)
	}
	var missing *ecr.NotFoundError
	if _, err := ecr.New(p.cfg, "").Repository(t.Context(), "other"); !errors.As(err, &missing) {
		t.Error(err)
	}
}

// checkImage finds an image by its tag, and by its digest as ecs asks for one.
func checkImage(t *testing.T, p place) {
	r := ecr.New(p.cfg, "123456789012")
	digest, err := r.Digest(t.Context(), "team/app", "git-1a2b3c4")
	if err != nil || !strings.HasPrefix(digest, "sha256:") {
		t.Fatalf("%q, %v", digest, err)
	}
	var missing *ecr.NotFoundError
	if _, err := r.Digest(t.Context(), "team/app", "other"); !errors.As(err, &missing) {
		t.Error(err)
	}
	if _, err := r.Digest(t.Context(), "other", "git-1a2b3c4"); client.Code(err) != "RepositoryNotFoundException" {
		t.Error(err)
	}
	service := client.Service{Host: "api.ecr", Name: "ecr", Target: "AmazonEC2ContainerRegistry_V20150921"}
	var out struct {
		ImageDetails []struct{ ImageDigest string }
	}
	in := map[string]any{"repositoryName": "team/app", "imageIds": []map[string]string{{"imageDigest": digest}}}
	if err := client.New(p.cfg, service).Call(t.Context(), "DescribeImages", in, &out); err != nil || len(out.ImageDetails) != 1 || out.ImageDetails[0].ImageDigest != digest {
		t.Errorf("%+v, %v", out, err)
	}
}

// checkToken: moto's tokens expired in 2015.
func checkToken(t *testing.T, p place) {
	token, err := ecr.New(p.cfg, "").Token(t.Context())
	if err != nil || token.User != "AWS" || token.Password.Reveal() == "" || (time.Until(token.Expires) < time.Hour) != p.moto || token.Expires.IsZero() {
		t.Errorf("user %q, expires %v, %v", token.User, token.Expires, err)
	}
}

// checkUpdate: moto 5.2 changes the service and starts no deployment, which hci
// must not take for one.
func checkUpdate(t *testing.T, p place) {
	id, err := p.on().Update(t.Context(), "web:2", false)
	if p.moto {
		if err == nil || id != "" {
			t.Errorf("moto starts deployments now (%q): ask it as AWS is asked", id)
		}
		return
	}
	if err != nil || !strings.HasPrefix(id, "ecs-svc/") {
		t.Fatalf("%q, %v", id, err)
	}
	s, err := p.on().State(t.Context())
	if err != nil || s.Revision.Name != "web:2" || s.Primary().ID != id {
		t.Errorf("%+v, %v", s, err)
	}
}

package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"hci/internal/term"
	"hci/internal/testing/fakeaws"
)

// deploysCommit makes the service run an image with a commit's tag.
func (s *stage) deploysCommit(commit string) {
	s.t.Helper()
	s.held(commit)
	s.run(deployStaging("--tag", "git-"+commit)...).is(s.t, 0)
	d := s.call("ecs", "DescribeTaskDefinition", map[string]any{"taskDefinition": "hci_web_staging"})["taskDefinition"].(map[string]any)
	for _, key := range registeredMembers {
		delete(d, key)
	}
	d["containerDefinitions"].([]any)[0].(map[string]any)["image"] = s.server.RepositoryURI() + ":git-" + commit
	s.call("ecs", "RegisterTaskDefinition", d)
	s.restarts("hci_web_staging:3")
	s.until("hci_web_staging:3")
}

var longID = regexp.MustCompile(`\b[0-9a-f]{32}\b`)

// TestDeployScreen: a plan fits 80 columns, says account and region first and which
// commits come, and how long the steps took; what is told has no ids of 32 digits.
func TestDeployScreen(t *testing.T) {
	s := newStage(t, fakeaws.Healthy)
	first := s.commit()
	s.deploysCommit(first)
	for i := range 12 {
		s.write("file", fmt.Sprint(i))
		s.git("add", "-A")
		s.git("commit", "-q", "-m", fmt.Sprintf("change %d, %s", i, strings.Repeat("long ", 30)))
	}
	last := s.commit()
	s.held(last)
	times := filepath.Join(s.state(), "deploy", "staging.times")
	if err := os.WriteFile(times, []byte(`{"migrate":38000000000,"update":124000000000}`), 0o600); err != nil {
		t.Fatal(err)
	}
	p := s.run(deployStaging("--dry-run")...)
	p.is(t, 0, "from commit "+first+" to "+last+", 13 commits\n", " change 11, long", "  … and 3 more\n", "(38s last time)", "(2m4s last time)")
	if !strings.HasPrefix(p.out, "account 123456789012, eu-central-1\nservice hci_service_staging in cluster hci_cluster_staging\n") {
		t.Errorf("it begins with\n%s", p.out)
	}
	for line := range strings.Lines(p.out) {
		if n := len([]rune(strings.TrimSuffix(line, "\n"))); n > 80 && strings.Contains(strings.TrimSpace(line), " ") {
			t.Errorf("%d columns: %s", n, line)
		}
	}
	if n := strings.Count(p.out, "\n"); n > 24 {
		t.Errorf("%d lines:\n%s", n, p.out)
	}
	p = s.run(deployStaging()...)
	p.is(t, 0, "hci: deployed\n")
	if id := longID.FindString(p.out + p.err); id != "" {
		t.Errorf("%s is shown:\n%s%s", id, p.out, p.err)
	}
	if text := read(t, times); strings.Contains(text, "38000000000") || !strings.Contains(text, `"migrate"`) {
		t.Errorf("the times are %s", text)
	}
	if p := s.run(deployStaging("--verbose")...); longID.FindString(p.out) == "" {
		t.Errorf("--verbose abbreviates:\n%s", p.out)
	}
	s.git("checkout", "-q", first)
	s.run(deployStaging("--dry-run")...).is(t, 0)
}

// TestBrief abbreviates what nobody reads, and nothing else.
func TestBrief(t *testing.T) {
	a := &app{}
	digest := strings.Repeat("0123456789abcdef", 4)
	for text, want := range map[string]string{
		"task 0123456789abcdef0123456789abcdef runs":                    "task 01234567 runs",
		"123456789012.dkr.ecr.eu-central-1.amazonaws.com/app/web:git-1": "app/web:git-1",
		"123456789012.dkr-ecr.eu-central-1.on.aws/app@sha256:" + digest: "app@sha256:0123456789ab",
		"commit 0123456789abcdef0123456789abcdef01234567":               "commit 0123456789abcdef0123456789abcdef01234567",
		"ghcr.io/team/app:1": "ghcr.io/team/app:1",
	} {
		if got := a.briefer(text); got != want {
			t.Errorf("%q becomes %q, want %q", text, got, want)
		}
	}
}

// TestBuilderLog: what Docker says is kept back, but for a step that fails.
func TestBuilderLog(t *testing.T) {
	var out bytes.Buffer
	log := &builderLog{live: term.NewStatus(&out)}
	fmt.Fprintf(log, "#1 building\n")
	log.end(&out, false)
	if out.Len() > 0 {
		t.Errorf("shown: %q", out.String())
	}
	fmt.Fprintf(log, "#1 building\nno such file\n")
	log.end(&out, true)
	if out.String() != "#1 building\nno such file\n" {
		t.Errorf("shown: %q", out.String())
	}
}

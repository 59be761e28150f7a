package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	sm "github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"hci/sync/localsm"
)

// leave puts labels on a version of its own, as earlier versions of hci did when
// they were interrupted; the version in use stays.
func (f *faulty) leave(t *testing.T, name string, labels ...string) {
	t.Helper()
	id, key, _ := f.server.Credentials()
	client := sm.New(sm.Options{
		Region: "eu-central-1", BaseEndpoint: aws.String(os.Getenv("AWS_ENDPOINT_URL_SECRETS_MANAGER")),
		Credentials: credentials.NewStaticCredentialsProvider(id, key, ""),
	})
	for _, label := range labels {
		in := &sm.PutSecretValueInput{SecretId: &name, SecretString: aws.String("left by " + label), VersionStages: []string{label}}
		if _, err := client.PutSecretValue(context.Background(), in); err != nil {
			t.Fatal(err)
		}
	}
}

// command runs hci in the project.
func (f *faulty) command(t *testing.T, args ...string) (code int, out, said string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	code = run(context.Background(), append([]string{"-C", f.dir}, args...), streams{in: strings.NewReader(""), out: &stdout, err: &stderr}, os.Environ())
	return code, stdout.String(), stderr.String()
}

// labels lists the labels of all versions of a secret.
func (f *faulty) labels(name string) []string {
	var all []string
	for _, v := range f.server.History(name) {
		all = append(all, v.Labels...)
	}
	slices.Sort(all)
	return all
}

// TestRepair takes off what was left, and nothing else: also of a secret that is in
// sync, after a dry run that changes nothing and a question.
func TestRepair(t *testing.T) {
	f := newFaulty(t)
	if code, _, said := f.push(context.Background(), t); code != 0 {
		t.Fatal(said)
	}
	synced, own := faultyName(1), faultyName(2)
	f.leave(t, synced, "hci-pending", "hci-pending-abc123")
	f.leave(t, own, "app-canary", "AWSPENDING") // somebody else's, and a rotation that is under way
	before := map[string][]localsm.Version{synced: f.server.History(synced), own: f.server.History(own)}

	code, out, said := f.command(t, "secrets", "repair", "app", "--dry-run")
	if want := []string{"- " + synced + "  label hci-pending of version ", "- " + synced + "  label hci-pending-abc123 of version "}; code != 0 || !strings.Contains(out, want[0]) || !strings.Contains(out, want[1]) || strings.Count(out, "\n") != 2 {
		t.Errorf("dry run: exit code %d, %s%s", code, out, said)
	}
	if code, out, _ := f.command(t, "secrets", "repair", "app"); code != exitFailed {
		t.Errorf("without being asked: exit code %d, %s", code, out)
	}
	if labels := f.labels(synced); !slices.Contains(labels, "hci-pending") {
		t.Fatalf("taken off without being asked: %q", labels)
	}
	code, out, said = f.command(t, "secrets", "repair", "app", "--yes", "--json")
	var report repairReport
	if err := json.Unmarshal([]byte(out), &report); err != nil || code != 0 {
		t.Fatalf("exit code %d, %v: %s", code, err, said)
	}
	if len(report.Secrets) != 1 || report.Secrets[0].Name != synced || !report.Secrets[0].Removed || len(report.Secrets[0].Labels) != 2 {
		t.Errorf("report: %s", out)
	}
	if labels := f.labels(synced); slices.Contains(labels, "hci-pending") || slices.Contains(labels, "hci-pending-abc123") || !slices.Contains(labels, "AWSCURRENT") {
		t.Errorf("%s has %q", synced, labels)
	}
	if labels := f.labels(own); !slices.Contains(labels, "app-canary") || !slices.Contains(labels, "AWSPENDING") {
		t.Errorf("%s lost a label of others: %q", own, labels)
	}
	for name, was := range before {
		if now := f.server.History(name); len(now) != len(was) {
			t.Errorf("%s had %d versions and has %d", name, len(was), len(now))
		}
	}
	if code, _, said := f.command(t, "secrets", "repair", "app", "--yes"); code != 0 || !strings.Contains(said, "nothing to repair") {
		t.Errorf("again: exit code %d, %s", code, said)
	}
}

// TestPushTidies: a push takes off what was left on a secret that is in sync, and
// writes one that eighteen labels have locked.
func TestPushTidies(t *testing.T) {
	f := newFaulty(t)
	if code, _, said := f.push(context.Background(), t); code != 0 {
		t.Fatal(said)
	}
	locked := faultyName(4)
	var labels []string
	for i := range 18 {
		labels = append(labels, "hci-pending-"+strings.Repeat("x", i+1))
	}
	f.leave(t, locked, labels...)
	f.leave(t, faultyName(1), "hci-pending-old")
	vars := f.dir + "/app_secrets.tfvars"
	text, err := os.ReadFile(vars)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(vars, bytes.ReplaceAll(text, []byte(faultyValue(4)), []byte("new-hunter2-other")), 0o600); err != nil {
		t.Fatal(err)
	}
	code, report, said := f.push(context.Background(), t)
	if code != 0 || report.Counts["written"] != 1 {
		t.Errorf("exit code %d, %v: %s", code, report.Counts, said)
	}
	for _, name := range []string{locked, faultyName(1)} {
		if left := f.labels(name); slices.ContainsFunc(left, func(l string) bool { return strings.HasPrefix(l, "hci-") }) {
			t.Errorf("%s keeps %q", name, left)
		}
	}
}

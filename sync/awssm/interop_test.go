//go:build interop

package awssm_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"hci/internal/testing/interop"
	"hci/sync"
	"hci/sync/awssm"
	"hci/sync/secret"
)

// moto starts a moto server and returns a store over it and the environment
// of its clients.
func moto(t *testing.T) (*awssm.Store, []string) {
	t.Helper()
	url := interop.Moto(t)
	vars := map[string]string{
		"AWS_ENDPOINT_URL_SECRETS_MANAGER": url, "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test",
		"AWS_CONFIG_FILE": os.DevNull, "AWS_SHARED_CREDENTIALS_FILE": os.DevNull,
		"AWS_REGION": "eu-central-1", "AWS_DEFAULT_REGION": "eu-central-1",
	}
	environ := slices.DeleteFunc(os.Environ(), func(e string) bool { return strings.HasPrefix(e, "AWS_") })
	for name, value := range vars {
		t.Setenv(name, value)
		environ = append(environ, name+"="+value)
	}
	t.Setenv("AWS_PROFILE", "")
	st, err := awssm.Open(context.Background(), awssm.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return st, environ
}

// cli runs the AWS CLI and returns what it prints, as JSON.
func cli(t *testing.T, environ []string, args ...string) map[string]any {
	t.Helper()
	cmd := exec.Command(interop.Need(t, "aws"), append([]string{"secretsmanager", "--output", "json"}, args...)...)
	cmd.Env = environ
	var errOut strings.Builder
	cmd.Stderr = &errOut
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("aws %s: %v: %s", args[0], err, errOut.String())
	}
	var v map[string]any
	if err := json.Unmarshal(out, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

// TestInteropMoto compares, pushes and compares again against a moto server,
// with the AWS CLI as the one that made the secrets and as the other writer.
func TestInteropMoto(t *testing.T) {
	st, environ := moto(t)
	ctx := context.Background()
	cli(t, environ, "create-secret", "--name", "empty") // as Terraform leaves it
	cli(t, environ, "create-secret", "--name", "stale", "--secret-string", "old")
	cli(t, environ, "create-secret", "--name", "same", "--secret-string", "value of same")
	cli(t, environ, "create-secret", "--name", "json", "--secret-string", `{"a":1,"gone":2}`)
	want := []sync.Want{{Name: "missing", Status: sync.Known, Value: secret.New("value of missing")}}
	for _, name := range []string{"empty", "stale", "same"} {
		want = append(want, sync.Want{Name: name, Status: sync.Known, Value: secret.New("value of " + name)})
	}
	want = append(want, sync.Want{Name: "json", Status: sync.Known, Value: secret.New(`{"a":2,"new":"é\"\\"}`)})

	plan := compare(t, st, want)
	kinds := map[string]sync.Kind{}
	for _, c := range plan.Changes {
		kinds[c.Name] = c.Kind
	}
	for name, kind := range map[string]sync.Kind{
		"empty": sync.Add, "stale": sync.Differs, "same": sync.InSync, "json": sync.Differs, "missing": sync.Missing,
	} {
		if kinds[name] != kind {
			t.Errorf("%s is %v, want %v", name, kinds[name], kind)
		}
	}
	report, err := sync.Apply(ctx, st, plan, sync.ApplyOptions{Create: true}, nil)
	if err != nil || report.Err() != nil || !report.Complete() {
		t.Fatalf("%v, %v", err, report.Err())
	}
	if plan := compare(t, st, want); !plan.InSync() {
		t.Error("not in sync after the push")
	}
	for _, w := range want {
		// Without the stage, moto answers with the version that a label has left.
		got := cli(t, environ, "get-secret-value", "--secret-id", w.Name, "--version-stage", "AWSCURRENT")
		if text, _ := got["SecretString"].(string); !secret.New(text).Equal(w.Value) {
			t.Errorf("%s: the AWS CLI reads something else", w.Name)
		}
	}

	// No private label is left.
	for _, w := range want {
		d := cli(t, environ, "describe-secret", "--secret-id", w.Name)
		if text := fmt.Sprint(d["VersionIdsToStages"]); strings.Contains(text, "hci-") {
			t.Errorf("%s keeps a private label", w.Name)
		}
	}

	// Somebody else writes between the comparison and the push. (The secret is
	// a new one: moto leaves AWSCURRENT on two versions when it is put after a
	// move.)
	cli(t, environ, "create-secret", "--name", "contested", "--secret-string", "old")
	contested := []sync.Want{{Name: "contested", Status: sync.Known, Value: secret.New("mine")}}
	plan = compare(t, st, contested)
	cli(t, environ, "put-secret-value", "--secret-id", "contested", "--secret-string", "theirs")
	report, err = sync.Apply(ctx, st, plan, sync.ApplyOptions{}, nil)
	if err != nil || !errors.Is(report.Err(), sync.ErrConflict) || report.Count(sync.Conflicted) != 1 {
		t.Errorf("%v, %v", err, report.Err())
	}
	got := cli(t, environ, "get-secret-value", "--secret-id", "contested", "--version-stage", "AWSCURRENT")
	if got["SecretString"] != "theirs" {
		t.Error("their write was lost")
	}
}

func compare(t *testing.T, st *awssm.Store, want []sync.Want) sync.Plan {
	t.Helper()
	var names []string
	for _, w := range want {
		names = append(names, w.Name)
	}
	held, err := st.Read(context.Background(), names)
	if err != nil {
		t.Fatal(err)
	}
	return sync.Diff(held, want)
}

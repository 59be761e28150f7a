//go:build interop

package ssm_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http/httptest"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"hci/internal/aws/ssm"
	"hci/internal/testing/interop"
	"hci/sync"
	"hci/sync/awssm"
	"hci/sync/localsm"
	"hci/sync/secret"
)

// clients sets up a store over a server, and the environment of its other clients.
func clients(t *testing.T, url, id, key string) (*ssm.Store, []string) {
	t.Helper()
	environ := slices.DeleteFunc(os.Environ(), func(e string) bool { return strings.HasPrefix(e, "AWS_") })
	for name, value := range map[string]string{
		"AWS_ENDPOINT_URL_SSM": url, "AWS_ACCESS_KEY_ID": id, "AWS_SECRET_ACCESS_KEY": key,
		"AWS_CONFIG_FILE": os.DevNull, "AWS_SHARED_CREDENTIALS_FILE": os.DevNull, "AWS_PAGER": "",
		"AWS_REGION": "eu-central-1", "AWS_DEFAULT_REGION": "eu-central-1",
	} {
		t.Setenv(name, value)
		environ = append(environ, name+"="+value)
	}
	t.Setenv("AWS_PROFILE", "")
	cfg, err := awssm.LoadConfig(context.Background(), awssm.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return ssm.New(cfg), environ
}

// cli runs the AWS CLI and returns what it prints, as JSON.
func cli(t *testing.T, environ []string, args ...string) map[string]any {
	t.Helper()
	cmd := exec.Command(interop.Need(t, "aws"), append([]string{"ssm", "--output", "json"}, args...)...)
	cmd.Env = environ
	var errOut strings.Builder
	cmd.Stderr = &errOut
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("aws %s: %v: %s", args[0], err, errOut.String())
	}
	var v map[string]any
	if len(out) > 0 && json.Unmarshal(out, &v) != nil {
		t.Fatalf("aws %s: %q", args[0], out)
	}
	return v
}

// TestInteropMoto compares, pushes and compares again against a moto server, with
// the AWS CLI as the one that made the parameters and as the other writer.
func TestInteropMoto(t *testing.T) {
	st, environ := clients(t, interop.Moto(t), "test", "test")
	theirs(t, st, environ)
}

// TestInteropServe is the same against the embedded Parameter Store.
func TestInteropServe(t *testing.T) {
	server := localsm.New(localsm.Options{Region: "eu-central-1"})
	front := httptest.NewServer(server)
	t.Cleanup(front.Close)
	id, key, _ := server.Credentials()
	st, environ := clients(t, front.URL, id, key)
	theirs(t, st, environ)
	for _, v := range server.ParameterHistory("/app/old") {
		if len(v.Labels) > 0 {
			t.Errorf("version %s has labels", v.ID)
		}
	}
}

func theirs(t *testing.T, st *ssm.Store, environ []string) {
	t.Helper()
	ctx := context.Background()
	put := func(name, value string, more ...string) {
		cli(t, environ, append([]string{"put-parameter", "--name", name, "--value", value}, more...)...)
	}
	put("/app/old", "old", "--type", "SecureString", "--description", "the app's", "--key-id", "alias/own")
	put("same", "value of same", "--type", "SecureString")
	put("/app/text", "old", "--type", "String", "--tier", "Advanced")
	wants := []sync.Want{}
	for _, name := range []string{"/app/old", "same", "/app/text", "/app/missing"} {
		wants = append(wants, sync.Want{Name: name, Status: sync.Known, Value: secret.New("value of " + name), Meta: sync.Meta{
			Parameter: &sync.Parameter{Type: "SecureString"}, Tags: map[string]string{"made": "by-hci"},
		}})
	}
	wants[0].Value = secret.New("ü\"\\ of several\nlines")
	compare := func(wants []sync.Want) sync.Plan {
		t.Helper()
		var names []string
		for _, w := range wants {
			names = append(names, w.Name)
		}
		held, err := st.Read(ctx, names)
		if err == nil {
			err = st.Inspect(ctx, held)
		}
		if err != nil {
			t.Fatal(err)
		}
		return sync.Diff(held, wants)
	}
	report, err := sync.Apply(ctx, st, compare(wants), sync.ApplyOptions{Create: true}, nil)
	if err != nil || report.Err() != nil || !report.Complete() || report.Count(sync.Written) != 2 || report.Count(sync.Created) != 1 {
		t.Fatalf("%v, %v", err, report.Err())
	}
	if !compare(wants).InSync() {
		t.Error("not in sync after the push")
	}
	for _, w := range wants {
		got := cli(t, environ, "get-parameter", "--name", w.Name, "--with-decryption")["Parameter"].(map[string]any)
		if !secret.New(got["Value"].(string)).Equal(w.Value) {
			t.Errorf("%s: the AWS CLI reads something else", w.Name)
		}
	}
	described := cli(t, environ, "describe-parameters", "--parameter-filters", "Key=Name,Option=Equals,Values=/app/old")["Parameters"].([]any)
	if d := described[0].(map[string]any); d["Description"] != "the app's" || d["KeyId"] != "alias/own" || d["Type"] != "SecureString" {
		t.Errorf("settings changed: %v", d)
	}

	// Somebody else writes between the comparison and the push.
	contested := []sync.Want{{Name: "same", Status: sync.Known, Value: secret.New("mine"), Meta: sync.Meta{Parameter: &sync.Parameter{Type: "SecureString"}}}}
	plan := compare(contested)
	put("same", "theirs", "--type", "SecureString", "--overwrite")
	report, err = sync.Apply(ctx, st, plan, sync.ApplyOptions{}, nil)
	if err != nil || !errors.Is(report.Err(), sync.ErrConflict) {
		t.Errorf("%v, %v", err, report.Err())
	}
	got := cli(t, environ, "get-parameter", "--name", "same", "--with-decryption")["Parameter"].(map[string]any)
	if got["Value"] != "theirs" {
		t.Error("their write was lost")
	}

	// And back to the first version.
	versions, err := st.Versions(ctx, "/app/old")
	if err != nil || len(versions) != 2 || versions[1].ID != "1" || versions[1].By == "" {
		t.Fatalf("%+v, %v", versions, err)
	}
	held, err := st.Read(ctx, []string{"/app/old"})
	if err != nil {
		t.Fatal(err)
	}
	version, err := st.Return(ctx, "/app/old", "1", held[0])
	got = cli(t, environ, "get-parameter", "--name", "/app/old", "--with-decryption")["Parameter"].(map[string]any)
	if err != nil || version != "3" || got["Value"] != "old" {
		t.Errorf("version %s, %v: %v", version, err, got["Value"] == "old")
	}
}

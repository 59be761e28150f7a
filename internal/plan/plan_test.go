package plan_test

import (
	"errors"
	"strings"
	"testing"

	"hci/internal/plan"
	"hci/internal/secret"
	"hci/sync"
)

const phrase = "correct horse"

func changes(values map[string]string, versions map[string]string) sync.Plan {
	var held []sync.Held
	var wants []sync.Want
	for _, name := range []string{"a", "b"} {
		held = append(held, sync.Held{Name: name, Version: versions[name], HasValue: true, Value: secret.New("old")})
		wants = append(wants, sync.Want{Name: name, Status: sync.Known, Value: secret.New(values[name])})
	}
	return sync.Diff(held, wants)
}

func TestVerify(t *testing.T) {
	values, versions := map[string]string{"a": "hunter2", "b": "old"}, map[string]string{"a": "v1", "b": "v1"}
	f, err := plan.New("app", "eu-central-1", plan.Options{Create: true, Only: []string{"a"}}, changes(values, versions), sync.ApplyOptions{}, secret.New(phrase))
	if err != nil {
		t.Fatal(err)
	}
	data, err := f.Bytes()
	if err != nil || strings.Contains(string(data), "hunter2") || strings.Contains(string(data), "old") || strings.Contains(string(data), phrase) {
		t.Fatalf("%v: a value is in the file", err)
	}
	again, err := plan.Parse(data)
	if err != nil || again.Environment != "app" || !again.Options.Create || len(again.Options.Only) != 1 || len(again.Secrets) != 1 {
		t.Fatalf("%+v, %v", again, err)
	}
	for _, c := range []struct {
		name, region, phrase, moved string
		values, versions            map[string]string
		o                           sync.ApplyOptions
	}{
		{"the same", "eu-central-1", phrase, "", values, versions, sync.ApplyOptions{}},
		{"another version", "eu-central-1", phrase, "a", values, map[string]string{"a": "v2", "b": "v1"}, sync.ApplyOptions{}},
		{"a version that is not written", "eu-central-1", phrase, "", values, map[string]string{"a": "v1", "b": "v2"}, sync.ApplyOptions{}},
		{"another value", "eu-central-1", phrase, "a", map[string]string{"a": "hunter3", "b": "old"}, versions, sync.ApplyOptions{}},
		{"more to write", "eu-central-1", phrase, "b", map[string]string{"a": "hunter2", "b": "new"}, versions, sync.ApplyOptions{}},
		{"less to write", "eu-central-1", phrase, "a", map[string]string{"a": "old", "b": "old"}, versions, sync.ApplyOptions{}},
		{"another region", "us-east-1", phrase, "all", values, versions, sync.ApplyOptions{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := again.Verify(c.region, changes(c.values, c.versions), c.o, secret.New(c.phrase))
			if (err == nil) != (c.moved == "") {
				t.Fatalf("%v", err)
			}
			if err != nil && (!errors.Is(err, sync.ErrConflict) || !strings.Contains(err.Error(), "differs for "+c.moved) || strings.Contains(err.Error(), "hunter")) {
				t.Errorf("%v", err)
			}
		})
	}
	if err := again.Verify("eu-central-1", changes(values, versions), sync.ApplyOptions{}, secret.New("wrong")); !errors.Is(err, plan.ErrPassphrase) {
		t.Errorf("%v", err)
	}
	other, err := plan.New("app", "eu-central-1", plan.Options{}, changes(values, versions), sync.ApplyOptions{}, secret.New(phrase))
	if err != nil || other.Secrets[0].Fingerprint == f.Secrets[0].Fingerprint {
		t.Errorf("two plans tell that values are equal: %v", err)
	}
}

func TestParse(t *testing.T) {
	for _, text := range []string{"", "{}", "text", `{"hci_plan":2}`, `{"hci_plan":1,"salt":"00"}`, `{"hci_plan":1,"unknown":1}`} {
		if _, err := plan.Parse([]byte(text)); !errors.Is(err, plan.ErrForm) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

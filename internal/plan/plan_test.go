package plan_test

import (
	"errors"
	"strings"
	"testing"

	"hci/internal/plan"
	"hci/sync"
	"hci/sync/secret"
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

var here = plan.Place{Account: "111111111111", Region: "eu-central-1"}

func subject(p sync.Plan) plan.Subject {
	return plan.Subject{
		Environment: "app", Places: []plan.Place{here}, At: func(string) plan.Place { return here },
		Options: plan.Options{Create: true, Only: []string{"a"}}, Plan: p,
	}
}

func TestVerify(t *testing.T) {
	values, versions := map[string]string{"a": "hunter2", "b": "old"}, map[string]string{"a": "v1", "b": "v1"}
	same := changes(values, versions)
	f, err := plan.New(subject(same), secret.New(phrase))
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
	at := func(p plan.Place) func(s *plan.Subject) {
		return func(s *plan.Subject) {
			s.Places, s.At = []plan.Place{p}, func(string) plan.Place { return p }
		}
	}
	for _, c := range []struct {
		name, said string
		p          sync.Plan
		change     func(*plan.Subject)
	}{
		{"the same", "", same, nil},
		{"another version", "differs for a", changes(values, map[string]string{"a": "v2", "b": "v1"}), nil},
		{"a version that is not written", "", changes(values, map[string]string{"a": "v1", "b": "v2"}), nil},
		{"another value", "differs for a", changes(map[string]string{"a": "hunter3", "b": "old"}, versions), nil},
		{"more to write", "differs for b", changes(map[string]string{"a": "hunter2", "b": "new"}, versions), nil},
		{"less to write", "differs for a", changes(map[string]string{"a": "old", "b": "old"}, versions), nil},
		{"another region", "for account 111111111111, eu-central-1, and", same, at(plan.Place{Account: "111111111111", Region: "us-east-1"})},
		{"another account", "would write in account 222222222222, eu-central-1", same, at(plan.Place{Account: "222222222222", Region: "eu-central-1"})},
		{"an account that is not known", "would write in eu-central-1", same, at(plan.Place{Region: "eu-central-1"})},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := subject(c.p)
			if c.change != nil {
				c.change(&s)
			}
			err := again.Verify(s, secret.New(phrase))
			if (err == nil) != (c.said == "") {
				t.Fatalf("%v", err)
			}
			if err != nil && (!errors.Is(err, sync.ErrConflict) || !strings.Contains(err.Error(), c.said) || strings.Contains(err.Error(), "hunter")) {
				t.Errorf("%v", err)
			}
		})
	}
	if err := again.Verify(subject(same), secret.New("wrong")); !errors.Is(err, plan.ErrPassphrase) {
		t.Errorf("%v", err)
	}
	other, err := plan.New(subject(same), secret.New(phrase))
	if err != nil || other.Secrets[0].Fingerprint == f.Secrets[0].Fingerprint {
		t.Errorf("two plans tell that values are equal: %v", err)
	}
}

// TestAltered: whatever is changed in a plan file, it is carried out no more,
// even if what it says fits.
func TestAltered(t *testing.T) {
	same := changes(map[string]string{"a": "new", "b": "old"}, map[string]string{"a": "v1", "b": "v1"})
	for name, alter := range map[string]func(*plan.File, *plan.Subject){
		"environment":                func(f *plan.File, s *plan.Subject) { f.Environment, s.Environment = "other", "other" },
		"account":                    func(f *plan.File, s *plan.Subject) { f.Places[0].Account, s.Places[0].Account = "2", "2" },
		"region":                     func(f *plan.File, s *plan.Subject) { f.Places[0].Region, s.Places[0].Region = "x", "x" },
		"window":                     func(f *plan.File, s *plan.Subject) { f.Options.Window = 7 },
		"prune":                      func(f *plan.File, s *plan.Subject) { f.Options.Prune = true },
		"only":                       func(f *plan.File, s *plan.Subject) { f.Options.Only = nil },
		"state":                      func(f *plan.File, s *plan.Subject) { f.Options.State = true },
		"a secret":                   func(f *plan.File, s *plan.Subject) { f.Secrets, s.Plan = nil, sync.Plan{} },
		"a version":                  func(f *plan.File, s *plan.Subject) { f.Secrets[0].Version = "v2" },
		"the seal":                   func(f *plan.File, s *plan.Subject) { f.Seal = "" },
		"the environment of the run": func(f *plan.File, s *plan.Subject) { s.Environment = "other" },
	} {
		f, err := plan.New(subject(same), secret.New(phrase))
		if err != nil {
			t.Fatal(err)
		}
		s := subject(same)
		f.Places = []plan.Place{here}
		alter(f, &s)
		if err := f.Verify(s, secret.New(phrase)); !errors.Is(err, plan.ErrAltered) || !errors.Is(err, sync.ErrConflict) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestParse(t *testing.T) {
	for _, text := range []string{"", "{}", "text", `{"hci_plan":1}`, `{"hci_plan":2,"salt":"00"}`, `{"hci_plan":2,"unknown":1}`} {
		if _, err := plan.Parse([]byte(text)); !errors.Is(err, plan.ErrForm) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

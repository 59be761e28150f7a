package lint_test

import (
	"encoding/json"
	"strings"
	"testing"
	"testing/fstest"

	"hci/internal/lint"
	"hci/tfvars"
)

func TestSearch(t *testing.T) {
	f, err := tfvars.Parse([]byte(`
db = { password = "s3cr3t-1", host = "db.example.org", notes = "correct-horse" }
region = "eu-central-1"
`), "x.tfvars")
	if err != nil {
		t.Fatal(err)
	}
	unused := func(text string, names ...string) lint.Suspect {
		return lint.Suspect{Finding: lint.Finding{Code: "secret-unused", Text: text}, Names: names}
	}
	search := lint.Search{
		Needles:  lint.Needles("prod", f, func(string) bool { return false }),
		Suspects: []lint.Suspect{unused("by name", "app/key"), unused("in code only", "other/key"), unused("by stem", "x", "stem_of_it"), unused("nobody", "nobody-knows")},
		Skip:     func(name string) bool { return name == "own.enc" },
	}
	fsys := fstest.MapFS{
		"README.md": {Data: []byte("db.example.org in eu-central-1\n\nlogin with s3cr3t-1\n")},
		"own.enc":   {Data: []byte("s3cr3t-1 nobody-knows")},
		"main.tf":   {Data: []byte(`resource "aws_secretsmanager_secret" "a" { name = "other/key" }`)},
		"app.py":    {Data: []byte(`get("app/key"), get(f"stem_of_it_{env}")`)},
		"a.tfvars":  {Data: []byte("\ndb_password = \"literal\"\nhost = \"x\"\n")},
		"large":     {Data: make([]byte, 5<<20)},
	}
	found, unread := search.Files(fsys, []string{"README.md", "own.enc", "main.tf", "app.py", "a.tfvars", "large", "gone"})
	var got []string
	for _, one := range lint.Sort(append(found, search.Unread()...)) {
		got = append(got, one.File+" "+one.Code+": "+one.Text)
	}
	want := []string{
		" secret-unused: in code only",
		" secret-unused: nobody",
		"README.md secret-in-tracked-file: the value of db of prod stands here",
		"a.tfvars password-in-code: db_password is set here in the clear",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if len(unread) != 1 || unread[0] != "large" {
		t.Errorf("not read: %q", unread)
	}
}

func TestSARIF(t *testing.T) {
	data, err := lint.SARIF("v1", []lint.Finding{lint.Tracked("a.tfvars"), lint.AsText("a.enc")},
		[]lint.Failure{{Text: "no git", Next: []string{"install it"}}}, []string{"everything"})
	if err != nil {
		t.Fatal(err)
	}
	var log struct {
		Runs []struct {
			Results []struct {
				Level, RuleID string
			}
			Invocations []struct {
				ExecutionSuccessful        bool
				ToolExecutionNotifications []struct {
					Level   string
					Message struct{ Text string }
				}
			}
		}
	}
	if err := json.Unmarshal(data, &log); err != nil {
		t.Fatal(err)
	}
	run := log.Runs[0]
	if run.Results[0].Level != "error" || run.Results[1].Level != "warning" || run.Results[1].RuleID != "sealed-as-text" {
		t.Errorf("%+v", run.Results)
	}
	notes := run.Invocations[0].ToolExecutionNotifications
	if run.Invocations[0].ExecutionSuccessful || len(notes) != 2 || notes[0].Message.Text != "no git. install it" || notes[1].Level != "note" {
		t.Errorf("%+v", run.Invocations)
	}
}

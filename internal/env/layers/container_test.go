package layers_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/zclconf/go-cty/cty"

	"hci/internal/env/layers"
	"hci/sync/dotenv"
	"hci/sync/secret"
	"hci/tfvars"
	"hci/tfvars/module"
)

// code is what the tests of containers evaluate.
const code = `
variable "key" {}
variable "alone" {}
resource "aws_lb" "x" {}
resource "aws_secretsmanager_secret" "key" { name = "app/key" }
resource "aws_secretsmanager_secret_version" "key" {
  secret_id     = aws_secretsmanager_secret.key.id
  secret_string = var.key
}
resource "aws_secretsmanager_secret" "json" { name = "app/json" }
resource "aws_secretsmanager_secret_version" "json" {
  secret_id     = aws_secretsmanager_secret.json.id
  secret_string = jsonencode({ user = "app", port = 5432 })
}
resource "aws_secretsmanager_secret" "later" { name = "app/later" }
resource "aws_secretsmanager_secret_version" "later" {
  secret_id     = aws_secretsmanager_secret.later.id
  secret_string = aws_lb.x.dns_name
}
resource "aws_ecs_service" "web" { task_definition = aws_ecs_task_definition.web.arn }
resource "aws_ecs_task_definition" "web" {
  family = "web"
  container_definitions = jsonencode([{
    name        = "web"
    image       = "x:1"
    environment = [{ name = "MODE", value = "batch" }, { name = "HOST", value = aws_lb.x.dns_name }, { name = "KEY", value = "overridden" }]
    secrets = [
      { name = "KEY", valueFrom = aws_secretsmanager_secret.key.arn },
      { name = "DB_USER", valueFrom = "${aws_secretsmanager_secret.json.arn}:user::" },
      { name = "DB_PORT", valueFrom = "${aws_secretsmanager_secret.json.arn}:port::" },
      { name = "NO_SUCH", valueFrom = "${aws_secretsmanager_secret.json.arn}:nothing::" },
      { name = "NO_JSON", valueFrom = "${aws_secretsmanager_secret.key.arn}:x::" },
      { name = "OLD", valueFrom = "${aws_secretsmanager_secret.key.arn}::AWSPREVIOUS:" },
      { name = "LATER", valueFrom = aws_secretsmanager_secret.later.arn },
    ]
  }])
}
resource "aws_ecs_task_definition" "job" {
  family                = "job"
  container_definitions = jsonencode([{ name = "job", image = "x:1" }, { name = "side", image = "y:1" }])
}
`

func evaluated(t *testing.T, code string) (*module.Evaluated, *tfvars.File) {
	t.Helper()
	m, err := module.Load(fstest.MapFS{"main.tf": {Data: []byte(code)}})
	if err != nil {
		t.Fatal(err)
	}
	file, err := tfvars.Parse([]byte("key = \"k\"\nalone = \"a\"\n"), "dev_secrets.tfvars")
	if err != nil {
		t.Fatal(err)
	}
	ev, err := m.Evaluate(module.Inputs{Workspace: "dev", Shapes: true, Values: map[string]cty.Value{"key": cty.StringVal("k"), "alone": cty.StringVal("a")}})
	if err != nil {
		t.Fatal(err)
	}
	return ev, file
}

func set(t *testing.T, change func(*layers.Input)) *layers.Set {
	t.Helper()
	ev, file := evaluated(t, code)
	c, err := layers.FindContainer(ev, "")
	if err != nil {
		t.Fatal(err)
	}
	in := layers.Input{Secrets: file, Path: "dev_secrets.tfvars", Scope: layers.NewScope(file, ev), Container: c, Evaluated: ev}
	if change != nil {
		change(&in)
	}
	s, err := layers.New(in)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestContainer(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*layers.Input)
		want   string
		none   map[string]string // what has no value, and why
	}{
		{
			"from the code", nil,
			"ALONE=a DB_PORT=5432 DB_USER=app KEY=k MODE=batch",
			map[string]string{
				"HOST": "aws_lb.x.dns_name", "LATER": "aws_lb.x.dns_name", "OLD": "names a version",
				"NO_SUCH": "has no key nothing", "NO_JSON": "no JSON object",
			},
		},
		{
			"what runs fills in what the code can't tell",
			func(in *layers.Input) { in.Live = map[string]string{"HOST": "live.example", "MODE": "other"} },
			"ALONE=a DB_PORT=5432 DB_USER=app HOST=live.example KEY=k MODE=batch",
			map[string]string{"LATER": "", "OLD": "", "NO_SUCH": "", "NO_JSON": ""},
		},
		{
			"what Secrets Manager holds takes the place of what the code says",
			func(in *layers.Input) {
				in.Held = map[string]secret.Value{
					"aws_secretsmanager_secret.key":   secret.New("held"),
					"aws_secretsmanager_secret.json":  secret.New(`{"user":"h","port":1,"nothing":{"a":[1]}}`),
					"aws_secretsmanager_secret.later": secret.New("now"),
				}
			},
			`ALONE=a DB_PORT=1 DB_USER=h KEY=held LATER=now MODE=batch NO_SUCH={"a":[1]}`,
			map[string]string{"HOST": "", "OLD": "", "NO_JSON": ""},
		},
		{
			"bytes",
			func(in *layers.Input) { in.Bytes = map[string]bool{"aws_secretsmanager_secret.key": true} },
			"ALONE=a DB_PORT=5432 DB_USER=app MODE=batch",
			map[string]string{"HOST": "", "LATER": "", "OLD": "", "NO_SUCH": "", "NO_JSON": "bytes", "KEY": "bytes"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, missing := set(t, c.change).Entries()
			if show(got) != c.want {
				t.Errorf("%s\nwant %s", show(got), c.want)
			}
			if len(missing) != len(c.none) {
				t.Errorf("%d without a value, want %d", len(missing), len(c.none))
			}
			for _, v := range missing {
				if why, ok := c.none[v.Key]; !ok || !strings.Contains(v.Reason(), why) {
					t.Errorf("%s: %s, want %s", v.Key, v.Reason(), why)
				}
			}
		})
	}
}

func TestKeep(t *testing.T) {
	s := set(t, nil)
	s.Keep(func(key string) bool { return key == "MODE" || key == "HOST" })
	got, missing := s.Entries()
	if show(got) != "MODE=batch" || len(missing) != 1 {
		t.Errorf("%s, %d without a value", show(got), len(missing))
	}
}

func TestFindContainer(t *testing.T) {
	ev, _ := evaluated(t, code)
	for _, c := range []struct{ named, want, wrong string }{
		{"", "web", ""}, // the only one that a service runs
		{"web", "web", ""},
		{"job/side", "side", ""},
		{"nobody", "", "there are job/job, job/side, web/web"},
	} {
		got, err := layers.FindContainer(ev, c.named)
		var unclear *layers.ContainerError
		switch {
		case c.wrong != "" && (!errors.As(err, &unclear) || !strings.Contains(err.Error(), c.wrong)):
			t.Errorf("%q: %v", c.named, err)
		case c.wrong == "" && (err != nil || got.Name != c.want):
			t.Errorf("%q: %v", c.named, err)
		}
	}
	several, _ := evaluated(t, `resource "aws_ecs_task_definition" "a" {
  container_definitions = jsonencode([{ name = "a" }, { name = "b" }])
}`)
	if _, err := layers.FindContainer(several, ""); err == nil || !strings.Contains(err.Error(), "which container's environment? a/a, a/b") {
		t.Errorf("%v", err)
	}
	none, _ := evaluated(t, "")
	if got, err := layers.FindContainer(none, ""); got != nil || err != nil {
		t.Errorf("%v, %v", got, err)
	}
	if _, err := layers.FindContainer(nil, "x"); err == nil {
		t.Error("a container in no code was found")
	}
}

func TestForECS(t *testing.T) {
	ev, _ := evaluated(t, code)
	s := set(t, nil)
	s.Keep(func(key string) bool { return slices.Contains([]string{"KEY", "DB_USER", "MODE", "HOST"}, key) })
	arns := map[string]string{"aws_secretsmanager_secret.key": "arn:key", "aws_secretsmanager_secret.json": "arn:json"}
	got, err := s.ForECS(ev, arns)
	if err != nil {
		t.Fatal(err)
	}
	want := []dotenv.Entry{{Key: "DB_USER", ValueFrom: "arn:json:user::"}, {Key: "KEY", ValueFrom: "arn:key"}, {Key: "MODE"}}
	if len(got) != len(want) {
		t.Fatalf("%d entries", len(got))
	}
	for i := range want {
		if got[i].Key != want[i].Key || got[i].ValueFrom != want[i].ValueFrom {
			t.Errorf("%s from %q, want %s from %q", got[i].Key, got[i].ValueFrom, want[i].Key, want[i].ValueFrom)
		}
	}

	// What would stand in the clear, or nowhere, is refused by name.
	_, err = set(t, nil).ForECS(ev, map[string]string{"aws_secretsmanager_secret.key": "arn:key"})
	for _, key := range []string{"ALONE: var.alone is in no secret by itself", "DB_USER: the ARN of aws_secretsmanager_secret.json is not known", "NO_SUCH: "} {
		if err == nil || !strings.Contains(err.Error(), key) {
			t.Errorf("%v, want %s", err, key)
		}
	}
	var clear *layers.ClearTextError
	if !errors.As(err, &clear) {
		t.Errorf("%T", err)
	}

	// A whole variable that is in a secret by itself is taken from that.
	s = set(t, func(in *layers.Input) { in.Container = nil })
	s.Keep(func(key string) bool { return key == "KEY" })
	if got, err := s.ForECS(ev, arns); err != nil || len(got) != 1 || got[0].ValueFrom != "arn:key" {
		t.Errorf("%v, %v", got, err)
	}
}

func TestLocal(t *testing.T) {
	template := func(local bool) *layers.Template {
		return &layers.Template{
			File: ".env.template", Keys: []string{"MODE", "HOST", "DEBUG", "EMPTY"}, Local: local,
			Default: func(key string) (secret.Value, bool) {
				v, ok := map[string]string{"HOST": "localhost", "DEBUG": "1", "MODE": "local"}[key]
				return secret.New(v), ok
			},
			Line: func(string) int { return 1 },
		}
	}
	s := set(t, nil)
	dropped, err := s.Local(template(true), nil, layers.Scope{})
	if err != nil || len(dropped) != 0 {
		t.Errorf("%q, %v", dropped, err)
	}
	got, _ := s.Entries()
	if show(got) != "ALONE=a DB_PORT=5432 DB_USER=app DEBUG=1 HOST=localhost KEY=k MODE=local" {
		t.Errorf("for local use: %s", show(got))
	}

	s = set(t, nil)
	if _, err := s.Local(template(false), nil, layers.Scope{}); err != nil {
		t.Fatal(err)
	}
	got, _ = s.Entries()
	if show(got) != "ALONE=a DB_PORT=5432 DB_USER=app DEBUG=1 HOST=localhost KEY=k MODE=batch" {
		t.Errorf("as a last resort: %s", show(got))
	}

	s = set(t, nil)
	few := template(true)
	few.Keys = []string{"DEBUG"}
	if dropped, err := s.Local(few, nil, layers.Scope{}); err != nil || strings.Join(dropped, " ") != "HOST MODE" {
		t.Errorf("%q, %v", dropped, err)
	}
}

package ecs_test

import (
	"encoding/json"
	"errors"
	"maps"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"hci/internal/aws/ecs"
)

const pinned = "repo/app@sha256:1111111111111111111111111111111111111111111111111111111111111111"

// answeredOnly are the members that AWS answers and registering refuses.
const answeredOnly = `{
"compatibilities":["EC2","FARGATE"], "taskDefinitionArn":"` + arn + `task-definition/web:7", "requiresAttributes":[{"name":"ecs.capability.x"}], "revision":7, "status":"ACTIVE",
"registeredAt":1.730000000123E9, "registeredBy":"arn:aws:iam::123456789012:user/ann", "deregisteredAt":1.73E9, "deleteRequestedAt":1.73E9}`

// fullDefinition has every member that RegisterTaskDefinition takes, as AWS's own
// model of it says; "modelled.py full" made it.
func fullDefinition(t *testing.T) map[string]any {
	t.Helper()
	text, err := os.ReadFile("testdata/task-definition.json")
	if err != nil {
		t.Fatal(err)
	}
	full := exact(text)
	if len(full) < 18 {
		t.Fatalf("%d members", len(full))
	}
	return full
}

// describedAs is the answer to a question for a definition.
func describedAs(t *testing.T, in map[string]any) string {
	t.Helper()
	definition := maps.Clone(in)
	maps.Copy(definition, exact([]byte(answeredOnly)))
	out := map[string]any{"taskDefinition": definition}
	if tags, ok := definition["tags"]; ok {
		out["tags"] = tags
		delete(definition, "tags")
	}
	return mustJSON(t, out)
}

// TestCopy registers a definition again: all is as it was but the image.
func TestCopy(t *testing.T) {
	zero := `"family":"web","containerDefinitions":[{"name":"name","image":"old","essential":false,"cpu":0,"command":[],"environment":[],"user":"","stopTimeout":0,"hostname":"<a&b>"},{"name":"proxy","image":"nginx"}]`
	for _, c := range []struct {
		name string
		in   map[string]any
	}{
		{"every member", fullDefinition(t)},
		{"values that are nothing", exact([]byte(`{` + zero + `}`))},
		{"numbers of any size", exact([]byte(`{` + zero + `,"ephemeralStorage":{"sizeInGiB":12345678901234567890},"volumes":[{"of":[0.1,1.10,1E3,-0]}]}`))},
		{"members that are not known yet", exact([]byte(`{` + zero + `,"notYet":{"known":[{"at":"all"}]}}`))},
	} {
		t.Run(c.name, func(t *testing.T) {
			o, s := play(t, replies{
				"DescribeTaskDefinition": {describedAs(t, c.in)},
				"RegisterTaskDefinition": {`{"taskDefinition":{"taskDefinitionArn":"` + arn + `task-definition/web:8"}}`},
			})
			d, err := o.Definition(t.Context(), "web:7")
			if err != nil {
				t.Fatal(err)
			}
			before := mustJSON(t, d.Containers())
			name, err := o.Register(t.Context(), d.WithImage(pinned, []string{"name"}))
			if err != nil || name != "web:8" {
				t.Fatalf("%q, %v", name, err)
			}
			if mustJSON(t, d.Containers()) != before {
				t.Error("the copy changes the original")
			}
			want := exact([]byte(mustJSON(t, c.in)))
			want["containerDefinitions"].([]any)[0].(map[string]any)["image"] = pinned
			if got := s.asked["RegisterTaskDefinition"][0]; !reflect.DeepEqual(got, want) {
				t.Errorf("registered\n%s\nwant\n%s", mustJSON(t, got), mustJSON(t, want))
			}
			if include := mustJSON(t, s.asked["DescribeTaskDefinition"][0]["include"]); include != `["TAGS"]` {
				t.Errorf("asked to include %s", include)
			}
		})
	}
}

// TestTag: a copy with a tag has it in place of one of that name, and the original
// is as it was.
func TestTag(t *testing.T) {
	o, s := play(t, replies{
		"DescribeTaskDefinition": {`{"taskDefinition":{"family":"web","taskDefinitionArn":"` + arn + `task-definition/web:7","containerDefinitions":[]},"tags":[{"key":"b","value":"1"},{"key":"a","value":"2"}]}`},
		"RegisterTaskDefinition": {`{"taskDefinition":{"taskDefinitionArn":"web:8"}}`},
	})
	d, err := o.Definition(t.Context(), "web:7")
	if err != nil {
		t.Fatal(err)
	}
	copied := d.WithTag("b", "3").WithTag("c", "4")
	if d.Tag("b") != "1" || d.Tag("c") != "" || copied.Tag("a")+copied.Tag("b")+copied.Tag("c") != "234" || copied.WithTag("b", "").Tag("b") != "" {
		t.Errorf("%q, %q", d.Tag("b"), copied.Tag("b"))
	}
	if _, err := o.Register(t.Context(), copied); err != nil {
		t.Fatal(err)
	}
	if got := mustJSON(t, s.asked["RegisterTaskDefinition"][0]["tags"]); got != `[{"key":"a","value":"2"},{"key":"b","value":"3"},{"key":"c","value":"4"}]` {
		t.Error(got)
	}
}

// TestLabel: a copy with a label of its first container differs in that only, and
// without it in nothing.
func TestLabel(t *testing.T) {
	for _, labels := range []string{"", `,"dockerLabels":{"a":"1"}`} {
		o, _ := play(t, replies{"DescribeTaskDefinition": {
			`{"taskDefinition":{"family":"web","taskDefinitionArn":"` + arn + `task-definition/web:7","containerDefinitions":[{"name":"app"` + labels + `},{"name":"proxy"}]}}`,
		}})
		d, err := o.Definition(t.Context(), "web:7")
		if err != nil {
			t.Fatal(err)
		}
		copied := d.WithLabel("b", "2")
		if d.Label("b") != "" || copied.Label("b") != "2" || copied.Label("a") != d.Label("a") {
			t.Errorf("%q, %q", d.Label("b"), copied.Label("b"))
		}
		if got := said(ecs.Compare(d, copied)); got != "containers.app.dockerLabels.b: added" {
			t.Errorf("differs in %s", got)
		}
		if got := said(ecs.Compare(d, copied.WithLabel("b", ""))); got != "" {
			t.Errorf("differs in %s", got)
		}
	}
	o, _ := play(t, replies{"DescribeTaskDefinition": {`{"taskDefinition":{"taskDefinitionArn":"` + arn + `task-definition/web:7","containerDefinitions":[]}}`}})
	if d, err := o.Definition(t.Context(), "web:7"); err != nil || d.WithLabel("a", "").Label("a") != "" {
		t.Error(err)
	}
}

// TestCopyWithoutTags: AWS refuses an empty list of them, and answers one.
func TestCopyWithoutTags(t *testing.T) {
	for _, tags := range []string{"", `,"tags":[]`, `,"tags":null`} {
		o, s := play(t, replies{
			"DescribeTaskDefinition": {`{"taskDefinition":{"family":"web","taskRoleArn":null,"taskDefinitionArn":"` + arn + `task-definition/web:7","containerDefinitions":[]}` + tags + `}`},
			"RegisterTaskDefinition": {`{"taskDefinition":{"taskDefinitionArn":"web:8"}}`},
		})
		d, err := o.Definition(t.Context(), "web:7")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := o.Register(t.Context(), d); err != nil {
			t.Fatal(err)
		}
		if got := mustJSON(t, s.asked["RegisterTaskDefinition"][0]); got != `{"containerDefinitions":[],"family":"web"}` {
			t.Error(got)
		}
	}
}

func TestDefinition(t *testing.T) {
	o, _ := play(t, replies{"DescribeTaskDefinition": {`{"taskDefinition":{"taskDefinitionArn":"` + arn + `task-definition/web:7","registeredAt":1.730000000123E9,"registeredBy":"ann",
"runtimePlatform":{"cpuArchitecture":"ARM64"},
"containerDefinitions":[{"name":"app","image":"a:1","secrets":[{"name":"KEY","valueFrom":"arn:x"}]},{"name":"proxy","image":"b:2","essential":false}]}}`}})
	d, err := o.Definition(t.Context(), "web:7")
	if err != nil {
		t.Fatal(err)
	}
	if d.Name != "web:7" || d.Family() != "web" || d.Number() != 7 || d.RegisteredBy != "ann" || !d.Registered.Equal(time.UnixMilli(1_730_000_000_123)) || d.Platform() != "linux/arm64" {
		t.Errorf("%+v", d)
	}
	want := []ecs.Container{
		{Name: "app", Image: "a:1", Essential: true, Secrets: []ecs.SecretRef{{Name: "KEY", ValueFrom: "arn:x"}}},
		{Name: "proxy", Image: "b:2"},
	}
	if got := d.Containers(); !reflect.DeepEqual(got, want) {
		t.Errorf("%+v", got)
	}
}

func TestPlatform(t *testing.T) {
	for _, c := range []struct{ architecture, family, want string }{
		{"", "", "linux/amd64"}, {"X86_64", "LINUX", "linux/amd64"}, {"ARM64", "LINUX", "linux/arm64"}, {"X86_64", "WINDOWS_SERVER_2022_CORE", "windows/amd64"},
	} {
		if got := ecs.Platform(c.architecture, c.family); got != c.want {
			t.Errorf("%s", got)
		}
	}
}

func TestNoDefinition(t *testing.T) {
	for _, c := range []struct {
		reply   string
		missing bool
	}{
		{"!ClientException: Unable to describe task definition.", true},
		{"!ClientException: You are not subscribed", false},
		{"!AccessDeniedException: no", false},
	} {
		o, _ := play(t, replies{"DescribeTaskDefinition": {c.reply}})
		_, err := o.Definition(t.Context(), arn+"task-definition/web:7")
		var missing *ecs.NotFoundError
		if err == nil || errors.As(err, &missing) != c.missing || !strings.Contains(err.Error(), `task definition "web:7"`) {
			t.Errorf("%s: %v", c.reply, err)
		}
	}
}

// read is a definition with these members.
func read(t *testing.T, members string) *ecs.Definition {
	t.Helper()
	o, _ := play(t, replies{"DescribeTaskDefinition": {`{"taskDefinition":{"taskDefinitionArn":"` + arn + `task-definition/web:7",` + members + `}}`}})
	d, err := o.Definition(t.Context(), "web:7")
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// container is a definition with one container.
func container(t *testing.T, members string) *ecs.Definition {
	t.Helper()
	return read(t, `"containerDefinitions":[{"name":"app",`+members+`}]`)
}

func said(all []ecs.Difference) string {
	var lines []string
	for _, d := range all {
		lines = append(lines, d.String())
	}
	return strings.Join(lines, "\n")
}

func TestCompare(t *testing.T) {
	for _, c := range []struct{ name, from, to, want string }{
		{"alike", `"image":"a"`, `"image":"a"`, ""},
		{"image", `"image":"a:1"`, `"image":"a:2"`, "containers.app.image: a:1 → a:2"},
		{"sizes", `"cpu":256`, `"cpu":512,"memory":1024`, "containers.app.cpu: 256 → 512\ncontainers.app.memory: 1024 added"},
		{"a secret from elsewhere", `"secrets":[{"name":"KEY","valueFrom":"arn:1"}]`, `"secrets":[{"name":"KEY","valueFrom":"arn:2"}]`, "containers.app.secrets.KEY: arn:1 → arn:2"},
		{"a secret more", `"secrets":[]`, `"secrets":[{"name":"KEY","valueFrom":"arn:2"}]`, "containers.app.secrets.KEY: arn:2 added"},
		{"a secret less", `"secrets":[{"name":"KEY","valueFrom":"arn:1"}]`, `"image":"a"`, "containers.app.image: a added\ncontainers.app.secrets.KEY: arn:1 removed"},
		{"the order of secrets", `"secrets":[{"name":"A","valueFrom":"1"},{"name":"B","valueFrom":"2"}]`, `"secrets":[{"name":"B","valueFrom":"2"},{"name":"A","valueFrom":"1"}]`, ""},
		{"environment", `"environment":[{"name":"A","value":"s3cr3t"},{"name":"B","value":"s3cr3t"}]`, `"environment":[{"name":"A","value":"s3cr3t2"},{"name":"C","value":"s3cr3t"}]`,
			"containers.app.environment.A: changed\ncontainers.app.environment.B: removed\ncontainers.app.environment.C: added"},
		{"command", `"command":["run","s3cr3t"]`, `"command":["run","s3cr3t2","more"]`, "containers.app.command.1: changed\ncontainers.app.command.2: added"},
		{"entry point", `"entryPoint":["s3cr3t"]`, `"entryPoint":["s3cr3t2"]`, "containers.app.entryPoint.0: changed"},
		{"health check", `"healthCheck":{"command":["s3cr3t"]}`, `"healthCheck":{"command":["s3cr3t2"]}`, "containers.app.healthCheck.command.0: changed"},
		{"options of a log", `"logConfiguration":{"options":{"splunk-token":"s3cr3t"}}`, `"logConfiguration":{"options":{"splunk-token":"s3cr3t2"}}`, "containers.app.logConfiguration.options.splunk-token: changed"},
		{"variables named like what is shown", `"environment":[{"name":"memory","value":"s3cr3t"},{"name":"image","value":"s3cr3t"},{"name":"my.secrets.password","value":"s3cr3t"}]`, `"environment":[]`,
			"containers.app.environment.image: removed\ncontainers.app.environment.memory: removed\ncontainers.app.environment.my.secrets.password: removed"},
		{"a label named like what is shown", `"dockerLabels":{"com.x.image":"s3cr3t","cpu":"s3cr3t"}`, `"dockerLabels":{}`, "containers.app.dockerLabels.com.x.image: removed\ncontainers.app.dockerLabels.cpu: removed"},
		{"a name twice", `"environment":[{"name":"A","value":"s3cr3t"},{"name":"A","value":"x"}]`, `"environment":[{"name":"A","value":"s3cr3t2"},{"name":"A","value":"x"}]`, "containers.app.environment.A: changed"},
		{"a label", `"dockerLabels":{"a":"s3cr3t"}`, `"dockerLabels":{"a":"s3cr3t2"}`, "containers.app.dockerLabels.a: changed"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := said(ecs.Compare(container(t, c.from), container(t, c.to)))
			if got != c.want || strings.Contains(got, "s3cr3t") {
				t.Errorf("said\n%s\nwant\n%s", got, c.want)
			}
		})
	}
}

func TestCompareRoles(t *testing.T) {
	from := read(t, `"revision":6,"registeredAt":1,"executionRoleArn":"a","requiresCompatibilities":["EC2"],"runtimePlatform":{"cpuArchitecture":"X86_64"}`)
	to := read(t, `"revision":7,"registeredAt":2,"executionRoleArn":"b","taskRoleArn":"c","requiresCompatibilities":["FARGATE"],"runtimePlatform":{"cpuArchitecture":"ARM64"}`)
	want := "executionRoleArn: a → b\nrequiresCompatibilities.0: changed\nruntimePlatform.cpuArchitecture: X86_64 → ARM64\ntaskRoleArn: c added"
	if got := said(ecs.Compare(from, to)); got != want {
		t.Errorf("said\n%s", got)
	}
}

// TestCompareContainerNamedSecrets: users choose names.
func TestCompareContainerNamedSecrets(t *testing.T) {
	from := read(t, `"containerDefinitions":[{"name":"secrets","environment":[{"name":"P","value":"s3cr3t"}],"command":["s3cr3t"]}]`)
	to := read(t, `"containerDefinitions":[{"name":"secrets","environment":[],"command":["s3cr3t2"]}]`)
	want := "containers.secrets.command.0: changed\ncontainers.secrets.environment.P: removed"
	if got := said(ecs.Compare(from, to)); got != want {
		t.Errorf("said\n%s", got)
	}
}

// TestCompareKinds: what a difference is about, and that its JSON has no values.
func TestCompareKinds(t *testing.T) {
	all := ecs.Compare(container(t, `"image":"a:1","secrets":[{"name":"KEY","valueFrom":"arn:1"}],"cpu":1`), container(t, `"image":"a:2","secrets":[{"name":"KEY","valueFrom":"arn:2"}],"cpu":2`))
	if len(all) != 3 || all[0].Image || all[0].Secret || !all[1].Image || all[1].Secret || all[2].Image || !all[2].Secret {
		t.Errorf("%+v", all)
	}
	text, err := json.Marshal(all)
	if err != nil || strings.Contains(string(text), "arn:") || !strings.Contains(string(text), `"path":"containers.app.secrets.KEY","words":"changed"`) {
		t.Errorf("%s, %v", text, err)
	}
}

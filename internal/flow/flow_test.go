package flow_test

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"hci/internal/flow"
	"hci/tfvars/module"
)

func input() flow.Input {
	return flow.Input{
		File:      "staging_secrets.tfvars.enc",
		Variables: []module.Variable{{Name: "a", Sensitive: true, File: "v.tf", Line: 1}, {Name: "b", Sensitive: true}, {Name: "unused", Sensitive: true}, {Name: "open"}},
		Evaluated: &module.Evaluated{
			Secrets: []module.Secret{
				{Address: "aws_secretsmanager_secret.a", Name: "a_staging", Variables: []string{"a", "open"}, Place: module.Place{Region: "eu-west-1"}},
				{Address: "aws_secretsmanager_secret.b", Variables: []string{"b"}, File: "s.tf", Line: 9},
			},
			Tasks: []module.Task{{
				Address: "aws_ecs_task_definition.web", ExecutionRole: "${aws_iam_role.exec.arn}", Place: module.Place{Region: "eu-north-1"},
				Containers: []module.Container{{
					Name:        "app",
					Environment: []module.EnvEntry{{Name: "PLAIN", Variables: []string{"b"}, Sensitive: true, File: "e.tf", Line: 3}, {Name: "PORT"}},
					Secrets:     []module.SecretRef{{Name: "A", Secret: "aws_secretsmanager_secret.a"}, {Name: "OTHER"}},
				}},
			}},
		},
		Wrong: func(file string, line int) []string {
			return map[string][]string{"e.tf:3": {`stands in the "plain" environment`}, "s.tf:9": {"nobody reads it"}}[fmt.Sprintf("%s:%d", file, line)]
		},
	}
}

const tree = `staging_secrets.tfvars.enc
├─ var.a
│  └─ a_staging
│     └─ A (web)  ! the secret is in eu-west-1, the task in eu-north-1
│        └─ aws_iam_role.exec
├─ var.b
│  ├─ aws_secretsmanager_secret.b  ! nobody reads it
│  └─ PLAIN (web)  ! stands in the "plain" environment
└─ var.unused  ! in no secret and no container
var.open
└─ a_staging
   └─ A (web)  ! the secret is in eu-west-1, the task in eu-north-1
      └─ aws_iam_role.exec
OTHER (web)  ! its secret is declared elsewhere
`

func TestTree(t *testing.T) {
	if got := flow.New(input()).Tree(); got != tree {
		t.Errorf("got\n%s", got)
	}
}

func TestMermaid(t *testing.T) {
	got := flow.New(input()).Mermaid()
	for _, want := range []string{
		"flowchart LR\n  n0[\"staging_secrets.tfvars.enc\"]\n  n1[\"var.a\"]\n", `["PLAIN (web)  ! stands in the #quot;plain#quot; environment"]`, "  n0 --> n1\n", "stroke:#c00",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
}

func TestSVG(t *testing.T) {
	got := flow.New(input()).SVG()
	d := xml.NewDecoder(strings.NewReader(got))
	texts := 0
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if s, ok := token.(xml.StartElement); ok && s.Name.Local == "text" {
			texts++
		}
	}
	if texts != 11 || !strings.Contains(got, "plain&#34; environment") {
		t.Errorf("%d texts in\n%s", texts, got)
	}
}

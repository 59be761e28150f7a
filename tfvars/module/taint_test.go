package module_test

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"hci/tfvars/module"
)

// TestTaint: of the entries of a container, those are sensitive into which a
// sensitive variable flows, and no others that stand beside them.
func TestTaint(t *testing.T) {
	const given = `[{ name = "PORT", value = "8080" }, { name = "PASSWORD", value = var.password }, { name = "HOST", value = "${aws_lb.x.dns_name}" }]`
	for _, c := range []struct{ name, typ, input, environment, want, awaits string }{
		{"typed list", `list(object({ name = string, value = string }))`, given, `var.in`, "PASSWORD", "HOST"},
		{"optional attributes", `list(object({ name = string, value = optional(string, "x") }))`, given, `var.in`, "PASSWORD", "HOST"},
		{"list(any)", `list(any)`, given, `var.in`, "PASSWORD", "HOST"},
		{"no type", `any`, given, `var.in`, "PASSWORD", "HOST"},
		{"list of maps", `list(map(string))`, given, `var.in`, "PASSWORD", "HOST"},
		{"concat", `list(object({ name = string, value = string }))`, given, `concat(var.in, [{ name = "B", value = "b" }])`, "PASSWORD", "HOST"},
		{"for over a list", `list(object({ name = string, value = string }))`, given, `[for e in var.in : { name = e.name, value = "${e.value}" }]`, "PASSWORD", "HOST"},
		{"for over a map", `map(string)`, `{ PORT = "8080", PASSWORD = var.password, HOST = aws_lb.x.dns_name }`, `[for k, v in var.in : { name = k, value = v }]`, "PASSWORD", "HOST"},
		{"nested", `object({ env = list(object({ name = string, value = string })) })`, `{ env = ` + given + ` }`, `var.in.env`, "PASSWORD", "HOST"},
		{"a sensitive variable is so throughout", `any`, `var.settings`, `var.in`, "PASSWORD PORT", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			fsys := fstest.MapFS{
				"main.tf": {Data: []byte(`
variable "password" { sensitive = true }
variable "settings" {
  sensitive = true
  default   = [{ name = "PORT", value = "8080" }, { name = "PASSWORD", value = "x" }]
}
resource "aws_lb" "x" {}
module "ecs" {
  source = "./ecs"
  in     = ` + c.input + `
}`)},
				"ecs/main.tf": {Data: []byte(`
variable "in" { type = ` + c.typ + ` }
resource "aws_ecs_task_definition" "app" {
  container_definitions = jsonencode([{ name = "app", image = "app:1", environment = ` + c.environment + ` }])
}`)},
			}
			m, err := module.Load(fsys)
			if err != nil {
				t.Fatal(err)
			}
			ev, err := m.Evaluate(module.Inputs{Workspace: "x", Shapes: true})
			if err != nil {
				t.Fatal(err)
			}
			sensitive, awaits := map[string]bool{}, map[string]bool{}
			for _, e := range ev.Tasks[0].Containers[0].Environment {
				if e.Sensitive {
					sensitive[e.Name] = true
				}
				if slices.Contains(e.Awaits, "aws_lb.x.dns_name") {
					awaits[e.Name] = true
				}
			}
			if got := joined(sensitive); got != c.want {
				t.Errorf("sensitive: %q, want %q", got, c.want)
			}
			if got := joined(awaits); got != c.awaits {
				t.Errorf("depend on the load balancer: %q, want %q", got, c.awaits)
			}
		})
	}
}

func joined(set map[string]bool) string {
	return strings.Join(slices.Sorted(maps.Keys(set)), " ")
}

package compare_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"hci/internal/project"
	"hci/sync"
	"hci/sync/secret"
)

// random is a project that is made up: its files, and what Terraform would
// really have in AWS for all environments and roots of it, by region.
type random struct {
	*rand.Rand
	files map[string]string
	real  map[string]bool // "region name"
	envs  []string
}

var words = []string{"db", "api", "key", "token", "mail", "queue"}

// newRandom makes a project up: one to three environments, by workspace, each
// with a secrets file; one to three roots; an alias or none.
func newRandom(seed uint64) *random {
	r := &random{Rand: rand.New(rand.NewPCG(seed, 12)), files: map[string]string{}, real: map[string]bool{}}
	r.envs = []string{"prod", "prod-eu", "eu"}[:1+r.IntN(3)]
	var hcl strings.Builder
	hcl.WriteString("terraform = \"infra\"\n")
	var names []string // of the sealed map, by environment
	for _, env := range r.envs {
		fmt.Fprintf(&hcl, "environment %q {\n  workspace = %q\n}\n", env, env)
		names = append(names, fmt.Sprintf("%s-%s", words[r.IntN(len(words))], env))
		r.files["infra/"+env+"_secrets.tfvars"] = fmt.Sprintf("sealed = { %q = \"x\" }\n", names[len(names)-1])
	}
	r.files["hci.hcl"] = hcl.String()
	var code strings.Builder
	code.WriteString("provider \"aws\" { region = \"us-west-2\" }\nprovider \"aws\" {\n  alias = \"east\"\n  region = \"us-east-1\"\n}\n")
	code.WriteString("variable \"sealed\" { default = {} }\ndata \"aws_caller_identity\" \"me\" {}\n")
	for i := range 2 + r.IntN(4) {
		r.block(&code, i, names)
	}
	for i := range r.IntN(3) {
		r.root(i)
	}
	r.files["infra/main.tf"] = code.String()
	return r
}

func (r *random) add(region, name string) { r.real[region+" "+name] = true }

// block adds a block of the main root, which each environment has for itself.
func (r *random) block(code *strings.Builder, i int, sealed []string) {
	word, region, alias := fmt.Sprintf("%s%d", words[r.IntN(len(words))], i), "us-west-2", ""
	if r.IntN(3) == 0 {
		region, alias = "us-east-1", "  provider = aws.east\n"
	}
	resource := func(format string, args ...any) {
		fmt.Fprintf(code, "resource \"aws_secretsmanager_secret\" \"s%d\" {\n%s%s}\n", i, alias, fmt.Sprintf(format, args...))
	}
	each := func(name func(env string) string) {
		for _, env := range r.envs {
			r.add(region, name(env))
		}
	}
	switch r.IntN(10) {
	case 0, 1, 2, 3:
		resource("  name = \"app/${terraform.workspace}/%s\"\n", word)
		each(func(env string) string { return "app/" + env + "/" + word })
	case 4:
		resource("  for_each = toset([\"a\", \"b\"])\n  name = \"app/${terraform.workspace}-%s-${each.key}\"\n", word)
		each(func(env string) string { return "app/" + env + "-" + word + "-a" })
		each(func(env string) string { return "app/" + env + "-" + word + "-b" })
	case 5: // over what only the sealed file says
		resource("  for_each = var.sealed\n  name = \"app/${terraform.workspace}/%s/${each.key}\"\n", word)
		for k, env := range r.envs {
			r.add(region, "app/"+env+"/"+word+"/"+sealed[k])
		}
	case 6: // known after apply
		resource("  count = data.aws_caller_identity.me.account_id == \"1\" ? 1 : 0\n  name = \"app/${terraform.workspace}/%s\"\n", word)
		each(func(env string) string { return "app/" + env + "/" + word })
	case 7: // a module that is not there
		fmt.Fprintf(code, "module \"m%d\" {\n  source = \"acme/secret/aws\"\n  name = \"app/${terraform.workspace}/x\"\n}\n", i)
		each(func(env string) string { return "app/" + env + "/hidden-" + word })
	case 8: // a name that is known in part
		resource("  name = \"app/${terraform.workspace}/%s-${data.aws_caller_identity.me.account_id}\"\n", word)
		each(func(env string) string { return "app/" + env + "/" + word + "-123456789012" })
	case 9: // somebody else's, which is read
		fmt.Fprintf(code, "data \"aws_secretsmanager_secret\" \"d%d\" {\n  name = \"app/${terraform.workspace}/read-%s\"\n}\n", i, word)
		each(func(env string) string { return "app/" + env + "/read-" + word })
	}
}

// root adds another root, whose secrets have names of the same form.
func (r *random) root(i int) {
	dir, word := fmt.Sprintf("services/s%d", i), words[r.IntN(len(words))]
	env := r.envs[r.IntN(len(r.envs))]
	switch r.IntN(4) {
	case 0:
		r.files[dir+"/main.tf"] = fmt.Sprintf("resource \"aws_secretsmanager_secret\" \"s\" { name = \"app/%s/svc-%s\" }\n", env, word)
		r.add("us-west-2", "app/"+env+"/svc-"+word)
	case 1:
		r.files[dir+"/main.tf"] = "variable \"env\" { default = \"dev\" }\nresource \"aws_secretsmanager_secret\" \"s\" { name = \"app/${var.env}/svc-" + word + "\" }\n"
		r.files[dir+"/x.tfvars"] = fmt.Sprintf("env = %q\n", env)
		r.add("us-west-2", "app/"+env+"/svc-"+word)
	case 2:
		r.files[dir+"/main.tf"] = "variable \"names\" { default = [] }\nresource \"aws_secretsmanager_secret\" \"s\" {\n  for_each = toset(var.names)\n  name = \"app/" + env + "/${each.key}\"\n}\n"
		r.add("us-west-2", "app/"+env+"/fed-"+word)
	case 3:
		r.files[dir+"/main.tf"] = fmt.Sprintf("module \"s\" {\n  source = \"../../modules/s%d\"\n  name = \"svc-%s\"\n}\n", i, word)
		r.files[fmt.Sprintf("modules/s%d/main.tf", i)] = "variable \"name\" {}\nresource \"aws_secretsmanager_secret\" \"s\" { name = \"app/" + env + "/${var.name}\" }\n"
		r.add("us-west-2", "app/"+env+"/svc-"+word)
	}
}

// TestPruneProperty: in a thousand projects that are made up, nothing that any
// environment or root declares would be pruned; and what nobody does is found
// where nothing hides.
func TestPruneProperty(t *testing.T) {
	found := 0
	for seed := range uint64(1000) {
		r := newRandom(seed)
		p := write(t, t.TempDir(), r.files)
		w := newWorld("us-west-2", "us-east-1")
		put := func(at string) {
			region, name, _ := strings.Cut(at, " ")
			if err := w.regions[region].Put(name, secret.New("fake")); err != nil {
				t.Fatal(err)
			}
		}
		for at := range r.real {
			put(at)
		}
		for _, region := range []string{"us-west-2", "us-east-1"} {
			put(region + " app/prod/nobodys")
			put(region + " app/nobodys")
		}
		for _, env := range r.envs {
			for _, at := range pruned(t, w, p, env, seed) {
				switch {
				case r.real[at]:
					t.Fatalf("seed %d: %s: %s would be pruned\n%v", seed, env, at, r.files)
				case strings.HasSuffix(at, "nobodys"):
					found++
				}
			}
		}
	}
	if found < 100 {
		t.Errorf("only %d secrets that nobody declares were found", found)
	}
}

// pruned lists what "push --prune" would remove for an environment.
func pruned(t *testing.T, w *world, p *project.Project, env string, seed uint64) []string {
	t.Helper()
	d, err := w.desired(t, p, env)
	if err != nil {
		t.Fatalf("seed %d: %v", seed, err)
	}
	c, err := w.session(p).Compare(t.Context(), d, true)
	if err != nil {
		t.Fatalf("seed %d: %v", seed, err)
	}
	var all []string
	for _, change := range c.Plan.Changes {
		if (sync.ApplyOptions{Prune: true, Window: 7}).Writes(change) && change.Kind == sync.Orphan {
			all = append(all, c.At(change.Place).Region+" "+change.Name)
		}
	}
	return all
}

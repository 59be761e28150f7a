package revisions_test

import (
	"slices"
	"testing"

	"hci/internal/deploy/names"
	"hci/internal/deploy/revisions"
	"hci/internal/project"
	"hci/sync/secret"
	"hci/tfvars/module"
)

// envNames are the names of an environment whose one task definition has the variable
// HOST with the environment's name, a host that only AWS knows, a secret, a log group and
// a role.
func envNames(env string) names.Names {
	c := module.Container{Name: "app", Essential: true, Repository: "aws_ecr_repository.app", Reference: "${aws_ecr_repository.app.repository_url}:1"}
	c.Environment = []module.EnvEntry{{Name: "HOST", Value: secret.New(env), Known: true}, {Name: "DB", Awaits: []string{"aws_db_instance.db.address"}}}
	c.Secrets = []module.SecretRef{{Name: "KEY", SecretName: "key_" + env}}
	c.Log = module.Log{Driver: "awslogs", Group: "/" + env}
	t := module.Task{Address: "aws_ecs_task_definition.web", Family: "web", Containers: []module.Container{c}}
	t.TaskRole = "arn:aws:iam::1:role/" + env
	n, _ := names.Resolve(names.Sources{
		Env: project.Environment{Name: env}, Place: func(string, int) string { return "" },
		Evaluated: &module.Evaluated{
			Services: []module.Service{{Address: "aws_ecs_service.web", Name: "web_" + env, Cluster: "main", TaskDefinition: t.Address}}, Tasks: []module.Task{t},
			Repositories: []module.Repository{{Address: "aws_ecr_repository.app", Name: "app_" + env}},
		},
	})
	return n
}

// described is a revision as it was registered.
func described(f *family, role, image, host, key, group string) {
	f.revision("x", image, "")
	d := f.all[len(f.all)-1]["taskDefinition"].(map[string]any)
	d["taskRoleArn"] = role
	d["containerDefinitions"] = []any{map[string]any{
		"name": "app", "image": image, "environment": []any{map[string]any{"name": "HOST", "value": host}, map[string]any{"name": "DB", "value": "db.example"}},
		"secrets":          []any{map[string]any{"name": "KEY", "valueFrom": "arn:aws:secretsmanager:eu-central-1:1:secret:" + key + "-a1b2c3"}},
		"logConfiguration": map[string]any{"logDriver": "awslogs", "options": map[string]any{"awslogs-group": group}},
	}}
}

// TestContradictions: what of a revision is another environment's is named, and whose
// it looks like; what only AWS knows contradicts nothing.
func TestContradictions(t *testing.T) {
	const role, image = "arn:aws:iam::1:role/", "1.dkr.ecr.eu-central-1.amazonaws.com/app_"
	n := envNames("staging")
	n.Others = map[string]names.Names{"production": envNames("production")}
	for _, c := range []struct {
		name                         string
		role, image, host, key, logs string
		what                         []string
		whose                        string
	}{
		{"its own", role + "staging", image + "staging:1", "staging", "key_staging", "/staging", nil, ""},
		{"production's", role + "production", image + "production:1", "production", "key_production", "/production",
			[]string{"HOST", "KEY", "the image repository of container app", "the log group of container app", "the task role"}, "production"},
		{"production's with the image that staging deployed", role + "production", image + "staging:1", "production", "key_production", "/production",
			[]string{"HOST", "KEY", "the log group of container app", "the task role"}, "production"},
		{"another value", role + "staging", image + "staging:1", "other", "key_staging", "/staging", []string{"HOST"}, ""},
		{"a placeholder's image", role + "staging", "<ACCOUNT>.dkr.ecr/<NAME>:1", "staging", "key_staging", "/staging", nil, ""},
		{"a secret whose name begins alike", role + "staging", image + "staging:1", "staging", "key_staging_old", "/staging", []string{"KEY"}, ""},
	} {
		f := &family{}
		described(f, c.role, c.image, c.host, c.key, c.logs)
		d, err := f.on(t).Definition(t.Context(), "web:1")
		if err != nil {
			t.Fatal(err)
		}
		if got := revisions.Contradictions(n, d); !slices.Equal(got, c.what) {
			t.Errorf("%s: %q, want %q", c.name, got, c.what)
		}
		if got := revisions.Whose(n, d); got != c.whose {
			t.Errorf("%s: looks like %q's, want %q", c.name, got, c.whose)
		}
	}
	shared := n.Shared(envNames("production"))
	if len(shared) != 1 || !slices.Equal(shared["task definition family"], []string{"web"}) {
		t.Errorf("shared: %v", shared)
	}
}

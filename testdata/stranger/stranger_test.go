// Package stranger_test uses crypto, tfvars and sync from another module: what
// compiles here can be imported.
package stranger_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/zclconf/go-cty/cty"

	"hci/crypto"
	"hci/sync"
	"hci/sync/awssm"
	"hci/sync/dotenv"
	"hci/sync/localsm"
	"hci/sync/secret"
	"hci/tfvars"
	"hci/tfvars/module"
)

// store is a stranger's own.
type store struct{ values map[string]secret.Value }

func (s store) Read(_ context.Context, names []string) ([]sync.Held, error) {
	var held []sync.Held
	for _, name := range names {
		if v, ok := s.values[name]; ok {
			held = append(held, sync.Held{Name: name, Value: v, Version: "1", HasValue: true})
		}
	}
	return held, nil
}

func (s store) Create(_ context.Context, name string, c sync.Content, _ sync.Meta) (string, error) {
	s.values[name] = c.Value
	return "1", nil
}

func (s store) Write(_ context.Context, name string, c sync.Content, _ sync.Held) (string, error) {
	s.values[name] = c.Value
	return "2", nil
}

func (s store) Restore(context.Context, string) error { return nil }

var (
	_ sync.Store = store{}
	_ sync.Store = (*awssm.Store)(nil)
	_            = localsm.New
)

func TestFromFileToStore(t *testing.T) {
	sealed, err := crypto.Seal([]byte("db_password = \"p\"\n"), []byte("passphrase"), crypto.DefaultParams(), "")
	if err != nil {
		t.Fatal(err)
	}
	opened, err := crypto.Open(sealed, []byte("passphrase"), crypto.OpenOptions{})
	if err != nil || !opened.Authenticated {
		t.Fatal(err)
	}
	file, err := tfvars.Parse(opened.Plaintext, "a.tfvars")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	code := `
variable "db_password" { sensitive = true }
resource "aws_secretsmanager_secret" "db" { name = "db" }
resource "aws_secretsmanager_secret_version" "db" {
  secret_id     = aws_secretsmanager_secret.db.id
  secret_string = var.db_password
}`
	if err := os.WriteFile(filepath.Join(dir, "main.tf"), []byte(code), 0o600); err != nil {
		t.Fatal(err)
	}
	read, err := module.Load(os.DirFS(dir))
	if err != nil {
		t.Fatal(err)
	}
	values := map[string]cty.Value{}
	for _, name := range file.Names() {
		values[name], _ = file.Value(name)
	}
	evaluated, err := read.Evaluate(module.Inputs{Workspace: "default", Values: values})
	if err != nil {
		t.Fatal(err)
	}
	var want []sync.Want
	for _, s := range evaluated.Secrets {
		want = append(want, sync.Want{Name: s.Name, Value: s.Value, Status: sync.Known})
	}
	to := store{values: map[string]secret.Value{}}
	if _, err := sync.Apply(t.Context(), to, sync.Diff(nil, want), sync.ApplyOptions{Create: true}, func(sync.Outcome) {}); err != nil {
		t.Fatal(err)
	}
	if !to.values["db"].Equal(secret.New("p")) {
		t.Error("the store does not hold the value")
	}

	dialect, ok := dotenv.ByName("dotenv")
	if !ok {
		t.Fatal("there is no such dialect")
	}
	if text, err := dotenv.Encode(dialect, []dotenv.Entry{{Key: "DB_PASSWORD", Value: to.values["db"]}}, dotenv.Options{}); err != nil || string(text) != "DB_PASSWORD=p\n" {
		t.Errorf("%v", err)
	}
}

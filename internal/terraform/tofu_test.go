package terraform_test

import (
	"os"
	"path/filepath"
	"testing"

	"hci/internal/project"
	"hci/internal/terraform"
)

// TestTofuFiles: files of OpenTofu's own names take precedence, unless Terraform
// runs the code.
func TestTofuFiles(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"main.tf": "variable \"t\" {}\n", "main.tofu": "variable \"o\" {}\n", "hci.hcl": "environment \"a\" {}\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	declares := func(name string) bool {
		p, err := project.Find(dir, project.Options{})
		if err != nil {
			t.Fatal(err)
		}
		m, err := terraform.Read(p)
		if err != nil {
			t.Fatal(err)
		}
		_, ok := m.Variable(name)
		return ok
	}
	if !declares("o") || declares("t") {
		t.Error("main.tf is read in the stead of main.tofu")
	}
	if err := os.WriteFile(filepath.Join(dir, "hci.hcl"), []byte("terraform_binary = \"terraform\"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if declares("o") || !declares("t") {
		t.Error("main.tofu is read where Terraform runs the code")
	}
}

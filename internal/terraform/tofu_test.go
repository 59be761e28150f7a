package terraform_test

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
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

// TestProgram: the program is the one that the project uses, else the one that
// is installed.
func TestProgram(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("programs end in .exe there")
	}
	for name, c := range map[string]struct {
		installed []string
		binary    string
		want      string
	}{
		"both, nothing said":     {[]string{"terraform", "tofu"}, "", "terraform"},
		"both, tofu is used":     {[]string{"terraform", "tofu"}, project.OpenTofu, "tofu"},
		"only tofu":              {[]string{"tofu"}, "", "tofu"},
		"only terraform":         {[]string{"terraform"}, "", "terraform"},
		"tofu is used, not here": {[]string{"terraform"}, project.OpenTofu, ""},
		"neither":                {nil, "", ""},
	} {
		dir := t.TempDir()
		for _, program := range c.installed {
			if err := os.WriteFile(filepath.Join(dir, program), []byte("#!/bin/sh\n"), 0o700); err != nil { //nolint:gosec // a program
				t.Fatal(err)
			}
		}
		t.Setenv("PATH", dir)
		got, err := terraform.Program(&project.Project{Binary: c.binary})
		var none *terraform.NoTerraformError
		if c.want == "" {
			if !errors.As(err, &none) || none.Next() == "" {
				t.Errorf("%s: %q, %v", name, got, err)
			}
			continue
		}
		if err != nil || filepath.Base(got) != c.want {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
}

package terraform

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"

	"hci/internal/child"
	"hci/internal/project"
	"hci/tfvars/module"
)

// Program finds the program that runs the project's code: terraform, or tofu
// where the project uses it or where only tofu is installed.
func Program(p *project.Project) (string, error) {
	terraform, err := exec.LookPath("terraform")
	if err == nil && p.Binary != project.OpenTofu {
		return terraform, nil
	}
	tofu, err := exec.LookPath("tofu")
	if err == nil && p.Binary != project.Terraform {
		return tofu, nil
	}
	return "", &NoTerraformError{Program: cmp.Or(p.Binary, project.Terraform), Why: p.BinaryWhy}
}

// NoTerraformError says that the program that runs the code is not installed.
type NoTerraformError struct {
	Program string // terraform or tofu
	Why     string // why it is this one; "" for terraform, where nothing asks for another
}

func (e *NoTerraformError) Error() string {
	if e.Why == "" {
		return e.Program + " is not installed, or not in PATH"
	}
	return fmt.Sprintf("%s is not installed, or not in PATH; this project uses it: %s", e.Program, e.Why)
}

// Next says how the other one is used.
func (e *NoTerraformError) Next() string {
	other := project.OpenTofu
	if e.Program == other {
		other = project.Terraform
	}
	return fmt.Sprintf("install it; to use %s instead, write into hci.hcl: terraform_binary = %q", other, other)
}

// ReadState runs "terraform show -json" for an environment's workspace and
// returns what its state says. The output stays in memory. What terraform
// itself says of a failure goes to errOut.
func ReadState(p *project.Project, env project.Environment, environ []string, errOut io.Writer) (module.State, error) {
	at, err := FindPlace(p, env, environ, errOut)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	err = child.Command{
		Argv: []string{at.Program, "show", "-json", "-no-color"}, Dir: at.Dir,
		Env: append(at.environ(environ, env), "TF_IN_AUTOMATION=1"),
		In:  bytes.NewReader(nil), Out: &out, Err: errOut,
	}.Run()
	var ended *child.ExitError
	if errors.As(err, &ended) { // it is not hci's own exit code
		return nil, &ShowError{Program: filepath.Base(at.Program), Environment: env.Name, Workspace: at.Workspace, Code: ended.Code}
	}
	if err != nil {
		return nil, fmt.Errorf("%s show: %w", filepath.Base(at.Program), err)
	}
	return module.ParseState(out.Bytes())
}

// ShowError says that the state could not be read.
type ShowError struct {
	Program, Environment, Workspace string
	Code                            int
}

func (e *ShowError) Error() string {
	return fmt.Sprintf("'%s show' in workspace %s ended with exit code %d", e.Program, e.Workspace, e.Code)
}

// Next is what is missing most often.
func (e *ShowError) Next() string {
	return fmt.Sprintf("run 'hci tf %s init' first, if the directory is not set up", e.Environment)
}

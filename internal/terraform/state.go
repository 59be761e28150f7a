package terraform

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os/exec"

	"hci/internal/child"
	"hci/internal/project"
	"hci/tfvars/module"
)

// Program finds the terraform program.
func Program() (string, error) {
	program, err := exec.LookPath("terraform")
	if err != nil {
		return "", &NoTerraformError{}
	}
	return program, nil
}

// NoTerraformError says that the terraform program is not installed.
type NoTerraformError struct{}

func (*NoTerraformError) Error() string { return "terraform is not installed, or not in PATH" }

// ReadState runs "terraform show -json" for an environment's workspace and
// returns what its state says. The output stays in memory. What terraform
// itself says of a failure goes to errOut.
func ReadState(p *project.Project, env project.Environment, environ []string, errOut io.Writer) (module.State, error) {
	if p.TerraformDir == "" {
		return nil, &NoDirectoryError{Root: p.Root}
	}
	program, err := Program()
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	err = child.Command{
		Argv: []string{program, "show", "-json", "-no-color"}, Dir: p.TerraformDir,
		Env: append(child.Environ(child.Terraform, environ), "TF_WORKSPACE="+env.Workspace, "TF_IN_AUTOMATION=1"),
		In:  bytes.NewReader(nil), Out: &out, Err: errOut,
	}.Run()
	var ended *child.ExitError
	if errors.As(err, &ended) { // it is not hci's own exit code
		return nil, fmt.Errorf("terraform show, workspace %s, ended with exit code %d; 'terraform init' may be missing", env.Workspace, ended.Code)
	}
	if err != nil {
		return nil, fmt.Errorf("terraform show: %w", err)
	}
	return module.ParseState(out.Bytes())
}

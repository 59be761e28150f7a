package terraform

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"

	"hci/internal/child"
	"hci/internal/project"
	"hci/tfvars"
)

// takeVariables are the subcommands that take -var-file.
//
// https://developer.hashicorp.com/terraform/cli/commands
var takeVariables = []string{"plan", "apply", "destroy", "refresh", "import", "console", "test"}

// separateValues are the options of apply whose value may be the next argument.
var separateValues = []string{
	"backup", "lock-timeout", "parallelism", "state", "state-out", "target", "replace", "var", "var-file",
}

// ErrDirectory says that an option would run terraform elsewhere.
var ErrDirectory = errors.New("-chdir is hci's to give: -C says where the project is, 'terraform' in hci.hcl where the Terraform code is in it")

// ErrNoPipe says that a system has no way to hand the secrets over.
var ErrNoPipe = errors.New("terraform can't read variables from a pipe on this system; decrypt the secrets and run terraform itself")

// Invocation is a command line of terraform.
type Invocation struct {
	Args       []string // as the user gave them
	subcommand int      // index in Args; -1 if there is none
}

// NewInvocation looks at a command line. It fails with [ErrDirectory].
func NewInvocation(args []string) (Invocation, error) {
	in := Invocation{Args: args, subcommand: -1}
	for i, arg := range args {
		name := strings.TrimLeft(arg, "-")
		switch {
		case len(name) < len(arg) && (name == "chdir" || strings.HasPrefix(name, "chdir=")):
			return in, ErrDirectory
		case len(name) == len(arg):
			in.subcommand = i
			return in, nil
		}
	}
	return in, nil
}

// Subcommand is "plan", "apply" …, or "".
func (in Invocation) Subcommand() string {
	if in.subcommand < 0 {
		return ""
	}
	return in.Args[in.subcommand]
}

// TakesVariables reports whether terraform takes variables here: not for a plan
// that is applied, in which they are settled, and not when only help is asked.
func (in Invocation) TakesVariables() bool {
	if !slices.Contains(takeVariables, in.Subcommand()) || in.asksHelp() {
		return false
	}
	return in.Subcommand() != "apply" || !in.hasOperand()
}

func (in Invocation) asksHelp() bool {
	return slices.ContainsFunc(in.Args, func(arg string) bool {
		return arg == "-help" || arg == "--help" || arg == "-h"
	})
}

// hasOperand reports whether an argument follows the subcommand that is neither
// an option nor an option's value: a plan file.
func (in Invocation) hasOperand() bool {
	rest := in.Args[in.subcommand+1:]
	for i := 0; i < len(rest); i++ {
		name := strings.TrimLeft(rest[i], "-")
		switch {
		case len(name) == len(rest[i]):
			return true
		case slices.Contains(separateValues, name):
			i++
		}
	}
	return false
}

// Leaks says what the command line writes to the disk in the clear, in a
// sentence each.
func (in Invocation) Leaks(environ []string) []string {
	var all []string
	for _, arg := range in.Args {
		if name := strings.TrimLeft(arg, "-"); in.TakesVariables() && len(name) < len(arg) && (name == "out" || strings.HasPrefix(name, "out=")) {
			all = append(all, "a saved plan holds the values in the clear: keep it out of git, and delete it")
		}
	}
	if slices.ContainsFunc(environ, func(kv string) bool { return strings.HasPrefix(kv, "TF_LOG_PATH=") && kv != "TF_LOG_PATH=" }) {
		all = append(all, "TF_LOG_PATH is set: terraform's log can hold values in the clear")
	}
	return all
}

// Run runs terraform in the project's Terraform directory, in the environment's
// workspace. Where it takes variables, it gets the environment's var files and
// the secrets, which go through a pipe. c holds the streams and the
// environment; the error is an [*child.ExitError] if terraform ran and failed.
func (in Invocation) Run(p *project.Project, env project.Environment, secrets *tfvars.File, c child.Command) error {
	program, err := Program()
	if err != nil {
		return err
	}
	c.Dir = p.TerraformDir
	c.Env = slices.DeleteFunc(child.Environ(child.Terraform, c.Env), func(kv string) bool { return strings.HasPrefix(kv, "TF_WORKSPACE=") })
	if in.Subcommand() != "workspace" { // it refuses to select one over the variable
		c.Env = append(c.Env, "TF_WORKSPACE="+env.Workspace)
	}
	if !in.TakesVariables() {
		c.Argv = append([]string{program}, in.Args...)
		return c.Run()
	}
	if runtime.GOOS == "windows" {
		return ErrNoPipe
	}
	text, err := native(secrets)
	if err != nil {
		return err
	}
	r, w, err := os.Pipe()
	if err != nil {
		return err
	}
	defer func() { _ = r.Close() }() // the writer then ends, if terraform did not read all
	go func() {
		_, _ = w.Write(text)
		_ = w.Close()
	}()
	var options []string
	for _, path := range env.VarFiles {
		if !slices.Contains(env.AutoVarFiles, path) { // those terraform takes by itself
			options = append(options, "-var-file="+path)
		}
	}
	options = append(options, fmt.Sprintf("-var-file=/dev/fd/%d", firstFile))
	c.Files = []*os.File{r}
	c.Argv = slices.Concat([]string{program}, in.Args[:in.subcommand+1], options, in.Args[in.subcommand+1:])
	return c.Run()
}

// firstFile is the descriptor of the first of [child.Command].Files.
const firstFile = 3

// native is a secrets file's text in Terraform's native syntax: from the name of
// a pipe, terraform can't tell that it is JSON.
func native(f *tfvars.File) ([]byte, error) {
	if !f.JSON() {
		return f.Bytes(), nil
	}
	out := tfvars.New("secrets.tfvars")
	for _, name := range f.Names() {
		v, _ := f.Value(name)
		err := out.Set(name, v)
		if errors.Is(err, tfvars.ErrBadName) {
			continue // no variable can be declared by this name
		}
		if err != nil {
			return nil, err
		}
	}
	return out.Bytes(), nil
}

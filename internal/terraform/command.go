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
	"hci/tfvars/module"
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
var ErrDirectory = errors.New("hci sets -chdir itself: -C names the project, 'terraform' in hci.hcl the directory of the code")

// ErrNoPipe says that a system has no way to hand the secrets over.
var ErrNoPipe = errors.New("terraform cannot read variables from a pipe on this system: run 'hci secrets decrypt', then terraform itself")

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

// TakesVariables reports whether terraform takes variables here: not when only
// help is asked, and not for a plan that is applied, in which they are settled;
// but see [Invocation.AppliesPlan].
func (in Invocation) TakesVariables() bool {
	return slices.Contains(takeVariables, in.Subcommand()) && !in.asksHelp() && !in.AppliesPlan()
}

// AppliesPlan reports whether a saved plan is applied. Terraform then takes the
// values of ephemeral variables, which are in no plan, and no others.
func (in Invocation) AppliesPlan() bool {
	return in.Subcommand() == "apply" && !in.asksHelp() && in.hasOperand()
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

// Variables is what terraform gets by -var-file.
type Variables struct {
	Files []string // var files
	Text  []byte   // one more, in the native syntax, which goes through a pipe; nil without one
}

// Variables are what the invocation takes: the environment's var files and its
// secrets or, where a saved plan is applied, the values of the code's ephemeral
// variables alone. skipped are names in the secrets that no variable can have.
func (in Invocation) Variables(p *project.Project, env project.Environment, secrets *tfvars.File) (v Variables, skipped []string, err error) {
	if env.Unclear != nil {
		return v, nil, env.Unclear
	}
	if in.AppliesPlan() {
		v.Text, err = ephemeral(p, env, secrets)
		return v, nil, err
	}
	for _, path := range env.VarFiles {
		if !slices.Contains(env.AutoVarFiles, path) { // those terraform takes by itself
			v.Files = append(v.Files, path)
		}
	}
	v.Text, skipped, err = native(secrets)
	return v, skipped, err
}

// Run runs terraform where the environment's code lies, in its workspace if
// the subcommand works in one, with the variables; those in Text go through a
// pipe. c holds the streams and the environment; the error is an
// [*child.ExitError] if terraform ran and failed.
func (in Invocation) Run(at Place, env project.Environment, v Variables, c child.Command) error {
	c.Dir = at.Dir
	if in.UsesState() {
		c.Env = at.environ(c.Env, env)
	} else {
		c.Env = withoutWorkspace(c.Env)
	}
	var options []string
	for _, path := range v.Files {
		options = append(options, "-var-file="+path)
	}
	if v.Text != nil {
		if runtime.GOOS == "windows" {
			return ErrNoPipe
		}
		r, w, err := os.Pipe()
		if err != nil {
			return err
		}
		defer func() { _ = r.Close() }() // the writer then ends, if terraform did not read all
		go func() {
			_, _ = w.Write(v.Text)
			_ = w.Close()
		}()
		options = append(options, fmt.Sprintf("-var-file=/dev/fd/%d", firstFile))
		c.Files = []*os.File{r}
	}
	c.Argv = append([]string{at.Program}, in.Args...)
	if len(options) > 0 {
		c.Argv = slices.Concat([]string{at.Program}, in.Args[:in.subcommand+1], options, in.Args[in.subcommand+1:])
	}
	return c.Run()
}

// firstFile is the descriptor of the first of [child.Command].Files.
const firstFile = 3

// native is a secrets file's text in Terraform's native syntax: from the name of
// a pipe, terraform can't tell that it is JSON. skipped are the names that no
// variable can have.
func native(f *tfvars.File) (text []byte, skipped []string, err error) {
	if !f.JSON() {
		return f.Bytes(), nil, nil
	}
	var all []tfvars.Assignment
	for _, name := range f.Names() {
		v, _ := f.Value(name)
		if err := tfvars.New("secrets.tfvars").Set(name, v); errors.Is(err, tfvars.ErrBadName) {
			skipped = append(skipped, name)
			continue
		}
		all = append(all, tfvars.Assignment{Name: name, Value: v})
	}
	out := tfvars.New("secrets.tfvars")
	if err := out.SetAll(all); err != nil {
		return nil, nil, err
	}
	return out.Bytes(), skipped, nil
}

// HasEphemeral reports whether the environment's code has ephemeral variables.
func HasEphemeral(p *project.Project, env project.Environment) (bool, error) {
	m, err := Read(p.In(env))
	if err != nil {
		return false, err
	}
	return slices.ContainsFunc(m.Variables(), func(v module.Variable) bool { return v.Ephemeral }), nil
}

// ephemeral is the text of a var file with the values that the environment's
// var files and secrets give the ephemeral variables; nil if they give none.
//
// https://developer.hashicorp.com/terraform/language/block/variable#ephemeral
func ephemeral(p *project.Project, env project.Environment, secrets *tfvars.File) ([]byte, error) {
	m, err := Read(p.In(env))
	if err != nil {
		return nil, err
	}
	in, err := Inputs(m, env, secrets, nil)
	if err != nil {
		return nil, err
	}
	out := tfvars.New("ephemeral.tfvars")
	for _, v := range m.Variables() {
		value, set := in.Values[v.Name]
		if !v.Ephemeral || !set {
			continue
		}
		if err := out.Set(v.Name, value); err != nil {
			return nil, err
		}
	}
	if len(out.Names()) == 0 {
		return nil, nil
	}
	return out.Bytes(), nil
}

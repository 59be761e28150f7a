package terraform

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"hci/internal/atomicfile"
	"hci/internal/child"
	"hci/internal/project"
)

// stateless are the subcommands that touch no state. They run without
// TF_WORKSPACE: init and others would silently create the workspace, and
// 'workspace' refuses to select one over the variable.
var stateless = []string{"", "init", "workspace", "fmt", "validate", "version", "get", "login", "logout"}

// UsesState reports whether the subcommand works in a workspace.
func (in Invocation) UsesState() bool {
	return !slices.Contains(stateless, in.Subcommand()) && !in.asksHelp()
}

// MissingWorkspaceError says that an environment's workspace does not exist.
// Terraform itself would create it without a word, as most subcommands do for
// TF_WORKSPACE.
type MissingWorkspaceError struct {
	Environment, Workspace string
	Why                    string   // it is this one
	Known                  []string // those that there are
}

func (e *MissingWorkspaceError) Error() string {
	return fmt.Sprintf("the workspace %q of %s does not exist (there are %s); it is the one to use because %s", e.Workspace, e.Environment, strings.Join(e.Known, ", "), e.Why)
}

// Next says how to make it, or to name another.
func (e *MissingWorkspaceError) Next() string {
	return fmt.Sprintf("'hci tf %s workspace new %s' creates it; if it has another name, write into hci.hcl: environment %q { workspace = \"NAME\" }", e.Environment, e.Workspace, e.Environment)
}

// SharedStateError says that several environments have one state, as far as
// the code tells: what one applies would change the other's infrastructure.
type SharedStateError struct {
	Environment string
	Others      []string
	Dir         string // the Terraform directory, from the project's root
	Workspace   string
}

func (e *SharedStateError) Error() string {
	return fmt.Sprintf("%s and %s have the same code (%s) and, as far as it tells, the same state: workspace %q", e.Environment, strings.Join(e.Others, ", "), e.Dir, e.Workspace)
}

// Next is the line that decides.
func (e *SharedStateError) Next() string {
	return fmt.Sprintf("write into hci.hcl which workspace each has: environment %q { workspace = %q }", e.Environment, e.Workspace)
}

// Place is where terraform runs for an environment.
type Place struct {
	Program   string
	Dir       string
	Workspace string
	Why       string   // it is that workspace
	Notes     []string // what the user should know besides
}

// FindDirectory is where a program runs that works in no workspace.
func FindDirectory(p *project.Project, env project.Environment) (Place, error) {
	at := Place{Dir: env.TerraformDir, Workspace: env.Workspace, Why: env.WorkspaceWhy}
	if at.Dir == "" {
		return at, noDirectory(p)
	}
	var err error
	at.Program, err = Program(p)
	return at, err
}

// FindPlace decides where terraform runs, and asks it whether the workspace is
// there. What it says of a failure goes to errOut.
func FindPlace(p *project.Project, env project.Environment, environ []string, errOut io.Writer) (Place, error) {
	at, err := FindDirectory(p, env)
	if err == nil {
		err = at.rightState(p, env, environ)
	}
	if err != nil || env.WorkspaceFixed {
		return at, err
	}
	selected, where := at.selected(environ)
	if env.Workspace == project.DefaultWorkspace && len(env.SharesState) == 0 {
		return at, at.confirm(env, selected, where)
	}
	known, err := workspaces(at, env, environ, errOut)
	if err != nil {
		return at, err
	}
	if len(env.SharesState) > 0 && !env.WorkspaceDeclared {
		if err := at.share(p, env, known); err != nil {
			return at, err
		}
	} else if !slices.Contains(known, at.Workspace) {
		return at, &MissingWorkspaceError{Environment: env.Name, Workspace: at.Workspace, Why: at.Why, Known: known}
	}
	if selected != "" && selected != at.Workspace {
		at.Notes = append(at.Notes, fmt.Sprintf("the workspace %q, which %s selects, is not used", selected, where))
	}
	return at, nil
}

// share finds the workspace of an environment whose directory is that of others
// too, where nothing says which workspace is whose.
func (at *Place) share(p *project.Project, env project.Environment, known []string) error {
	switch {
	case slices.Contains(known, env.Name):
		at.Workspace, at.Why = env.Name, "a workspace of that name exists"
	case env.BackendFile != "": // which is what the directory is set up for
	case env.BackendAtInit:
		at.Notes = append(at.Notes, "the backend is configured by 'init -backend-config': this is the state that was given last")
	default:
		dir, err := filepath.Rel(p.Root, at.Dir)
		if err != nil {
			dir = at.Dir
		}
		return &SharedStateError{Environment: env.Name, Others: env.SharesState, Dir: dir, Workspace: env.Workspace}
	}
	return nil
}

// confirm takes, of a project whose code asks for no workspace, the one that is
// selected, if it bears the environment's name. Another one is refused: nobody
// can tell in which of them the environment lies.
func (at *Place) confirm(env project.Environment, selected, where string) error {
	switch {
	case selected == "" || selected == at.Workspace || env.WorkspaceDeclared:
		return nil
	case selected == env.Name:
		at.Workspace, at.Why = selected, where+" selects it, and it has the environment's name"
		return nil
	default:
		return &SelectedWorkspaceError{Environment: env.Name, Selected: selected, Where: where}
	}
}

// SelectedWorkspaceError says that another workspace is selected than the one
// that the code leads to.
type SelectedWorkspaceError struct{ Environment, Selected, Where string }

func (e *SelectedWorkspaceError) Error() string {
	return fmt.Sprintf("%s selects the workspace %q, and nothing says whether %s lies in it or in %q", e.Where, e.Selected, e.Environment, project.DefaultWorkspace)
}

// Next is the line that decides.
func (e *SelectedWorkspaceError) Next() string {
	return fmt.Sprintf("write into hci.hcl: environment %q { workspace = \"NAME\" }", e.Environment)
}

// maxSelected bounds the size in bytes of the file that names a workspace.
const maxSelected = 4 << 10

// selected is the workspace that plain terraform would run in, and what selects
// it; "" where nothing does.
func (at *Place) selected(environ []string) (name, where string) {
	for _, kv := range environ {
		if value, ok := strings.CutPrefix(kv, "TF_WORKSPACE="); ok {
			name, where = value, "TF_WORKSPACE"
		}
	}
	if name != "" {
		return name, where
	}
	data := at.dataDir(environ)
	text, err := atomicfile.Read(filepath.Join(data, "environment"), maxSelected)
	if err != nil {
		return "", ""
	}
	return strings.TrimSpace(string(text)), filepath.Join(filepath.Base(data), "environment")
}

// Line says where terraform runs.
func (at Place) Line() string {
	return fmt.Sprintf("%s in workspace %s: %s", filepath.Base(at.Program), at.Workspace, at.Why)
}

// environ is the environment of a program that works in the place's workspace.
func (at Place) environ(environ []string, env project.Environment) []string {
	environ = withoutWorkspace(environ)
	if env.WorkspaceFixed {
		return environ
	}
	return append(environ, "TF_WORKSPACE="+at.Workspace)
}

// withoutWorkspace is what terraform gets of hci's environment, but for the
// workspace.
func withoutWorkspace(environ []string) []string {
	return slices.DeleteFunc(child.Environ(child.Terraform, environ), func(kv string) bool { return strings.HasPrefix(kv, "TF_WORKSPACE=") })
}

// workspaces asks which workspaces there are.
func workspaces(at Place, env project.Environment, environ []string, errOut io.Writer) ([]string, error) {
	var out bytes.Buffer
	err := child.Command{
		Argv: []string{at.Program, "workspace", "list", "-no-color"}, Dir: at.Dir,
		Env: append(withoutWorkspace(environ), "TF_IN_AUTOMATION=1"),
		In:  bytes.NewReader(nil), Out: &out, Err: errOut,
	}.Run()
	name := filepath.Base(at.Program)
	if ended, ok := errors.AsType[*child.ExitError](err); ok { // it is not hci's own exit code
		return nil, &ListError{Program: name, Environment: env.Name, Code: ended.Code}
	}
	if err != nil {
		return nil, fmt.Errorf("%s workspace list: %w", name, err)
	}
	var all []string
	lines := bufio.NewScanner(&out)
	for lines.Scan() {
		if line := strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(lines.Text()), "* ")); line != "" && !strings.Contains(line, " ") {
			all = append(all, line)
		}
	}
	if len(all) == 0 {
		return nil, &ListError{Program: name, Environment: env.Name}
	}
	return all, nil
}

// ListError says that the program did not tell which workspaces there are.
type ListError struct {
	Program, Environment string
	Code                 int
}

func (e *ListError) Error() string {
	return fmt.Sprintf("'%s workspace list' ended with exit code %d, so hci does not know whether the workspace is there", e.Program, e.Code)
}

// Next is what is missing most often.
func (e *ListError) Next() string {
	return fmt.Sprintf("run 'hci tf %s init' first, if the directory is not set up", e.Environment)
}

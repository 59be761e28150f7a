package project

import (
	"fmt"
	"strings"

	"github.com/agext/levenshtein"
)

// The errors of this package carry the next command or the line to write: the
// method Next returns it, "" where there is no one thing to do.

// showFound is the command that shows what discovery found.
const showFound = "'hci init --dry-run' shows what hci found and where it looked"

// NoProjectError says that no parent directory is a project's root.
type NoProjectError struct{ Dir string }

func (e *NoProjectError) Error() string {
	return fmt.Sprintf("%s is in no project: neither it nor a parent directory holds %s, a git repository, or Terraform code with a sealed file", e.Dir, configName)
}

// Next says how to name the project.
func (e *NoProjectError) Next() string {
	return "run hci in the project's directory, or give the directory with -C DIR"
}

// UnknownEnvironmentError says that the project has no such environment.
type UnknownEnvironmentError struct {
	Name       string
	Known      []string
	Suggestion string   // the known name that was probably meant, or ""
	Searched   []string // directories, from the root, in which secrets files were looked for
	SharedFile string   // the one secrets file of all environments, from the root, or ""
	Unread     []Unread // code of tools that hci does not read
}

func (e *UnknownEnvironmentError) Error() string {
	switch {
	case e.Suggestion != "":
		return fmt.Sprintf("no environment %q; did you mean %q? (there are %s)", e.Name, e.Suggestion, strings.Join(e.Known, ", "))
	case len(e.Known) > 0:
		return fmt.Sprintf("no environment %q; there are %s", e.Name, strings.Join(e.Known, ", "))
	case e.SharedFile != "":
		return fmt.Sprintf("no environment %q: %s can serve any environment, and none is named", e.Name, e.SharedFile)
	case len(e.Unread) > 0:
		return fmt.Sprintf("no environment %q: no sealed file in %s, and hci does not read %s (%s)", e.Name, strings.Join(e.Searched, ", "), e.Unread[0].Tool, e.Unread[0].File)
	default:
		return fmt.Sprintf("no environment %q: no sealed file in %s", e.Name, strings.Join(e.Searched, ", "))
	}
}

// Next says how to name an environment, where none is.
func (e *UnknownEnvironmentError) Next() string {
	switch {
	case len(e.Known) > 0:
		return ""
	case e.SharedFile != "":
		return fmt.Sprintf("write into %s: environment %q {}", configName, e.Name)
	default:
		return showFound
	}
}

func (p *Project) unknown(name string) *UnknownEnvironmentError {
	e := &UnknownEnvironmentError{Name: name, Known: p.Names(), Suggestion: nearest(name, p.Names()), Searched: p.rels(p.searched), Unread: p.Unread}
	if p.SharedFile != "" {
		e.SharedFile = p.rel(p.SharedFile)
	}
	return e
}

// AmbiguousError says that an environment's secrets file lies in more than one
// place, and hci.hcl does not say which it is.
type AmbiguousError struct {
	Environment string   // "" for the file of all environments
	Paths       []string // from the root
}

func (e *AmbiguousError) Error() string {
	what := "the secrets file"
	if e.Environment != "" {
		what = fmt.Sprintf("the secrets file of %q", e.Environment)
	}
	return fmt.Sprintf("%s could be any of %s", what, strings.Join(e.Paths, ", "))
}

// Next is the line that decides.
func (e *AmbiguousError) Next() string {
	name := e.Environment
	if name == "" {
		name = "NAME"
	}
	return fmt.Sprintf("remove what is stale, or write into %s: environment %q { secrets = %q }", configName, name, e.Paths[0])
}

// RootsError says that several roots could be meant.
type RootsError struct {
	Roots []string // their names
	Why   string   // what did not decide
}

func (e *RootsError) Error() string {
	return fmt.Sprintf("hci cannot tell which Terraform code is meant, %s: %s", strings.Join(e.Roots, ", "), e.Why)
}

// Next says how one is chosen.
func (e *RootsError) Next() string {
	return fmt.Sprintf("give --root NAME, run hci in its directory, or write into %s: terraform = %q", configName, e.Roots[0])
}

// UnknownRootError says that no root has the name that was given.
type UnknownRootError struct {
	Name       string
	Known      []string
	Suggestion string
}

func (e *UnknownRootError) Error() string {
	switch {
	case len(e.Known) == 0:
		return fmt.Sprintf("--root %q: there is no Terraform code here", e.Name)
	case e.Suggestion != "":
		return fmt.Sprintf("--root %q: there is no such root; did you mean %q? (there are %s)", e.Name, e.Suggestion, strings.Join(e.Known, ", "))
	default:
		return fmt.Sprintf("--root %q: there is no such root; there are %s", e.Name, strings.Join(e.Known, ", "))
	}
}

// VarFileError says that it is not known which var file is an environment's.
type VarFileError struct {
	Environment string
	Paths       []string // which could be it; none where siblings have one and it has none
	Siblings    []string // environments that have one
	Example     string   // a var file of a sibling, or one that could be it
}

func (e *VarFileError) Error() string {
	if len(e.Paths) > 0 {
		return fmt.Sprintf("the var file of %q could be any of %s", e.Environment, strings.Join(e.Paths, ", "))
	}
	return fmt.Sprintf("no var file of %q was found, but %s has one (%s): without it the defaults of the variables would decide", e.Environment, strings.Join(e.Siblings, ", "), e.Example)
}

// Next is the line that decides.
func (e *VarFileError) Next() string {
	if len(e.Paths) > 0 {
		return fmt.Sprintf("write into %s: environment %q { var_files = [%q] }", configName, e.Environment, e.Paths[0])
	}
	return fmt.Sprintf("write into %s: environment %q { var_files = [\"FILE\"] }, or [] if it needs none", configName, e.Environment)
}

// WorkspaceError says that a workspace was given where it means nothing.
type WorkspaceError struct {
	Workspace string
	Known     []string
}

func (e *WorkspaceError) Error() string {
	return fmt.Sprintf("--workspace %q: only a project with one secrets.tfvars takes it; here there are %s", e.Workspace, strings.Join(e.Known, ", "))
}

// Next says where a workspace is set.
func (e *WorkspaceError) Next() string {
	return fmt.Sprintf("name one of them as ENV; 'workspace' in an environment block of %s sets its workspace", configName)
}

// NoDefaultEnvironmentError says that an environment must be named.
type NoDefaultEnvironmentError struct {
	Known      []string
	Production bool // the only one is production's, and never taken by default
}

func (e *NoDefaultEnvironmentError) Error() string {
	switch {
	case len(e.Known) == 0:
		return "there is no environment"
	case e.Production:
		return fmt.Sprintf("name the environment: the only one is %q, and hci never takes production by default", e.Known[0])
	default:
		return fmt.Sprintf("name one environment of %s", strings.Join(e.Known, ", "))
	}
}

// Next says how to get an environment, where there is none.
func (e *NoDefaultEnvironmentError) Next() string {
	if len(e.Known) == 0 {
		return showFound
	}
	return ""
}

// nearest returns the known name that was probably meant, or "".
func nearest(name string, known []string) string {
	best, limit := "", max(1, len(name)/3)
	for _, k := range known {
		if len(name) > 1 && strings.HasPrefix(k, name) { // "prod" for "production"
			return k
		}
		if d := levenshtein.Distance(name, k, nil); d <= limit {
			best, limit = k, d-1
		}
	}
	return best
}

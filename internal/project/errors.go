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
}

func (e *UnknownEnvironmentError) Error() string {
	switch {
	case e.Suggestion != "":
		return fmt.Sprintf("no environment %q; did you mean %q? (there are %s)", e.Name, e.Suggestion, strings.Join(e.Known, ", "))
	case len(e.Known) > 0:
		return fmt.Sprintf("no environment %q; there are %s", e.Name, strings.Join(e.Known, ", "))
	case e.SharedFile != "":
		return fmt.Sprintf("no environment %q: %s can serve any environment, and none is named", e.Name, e.SharedFile)
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
	e := &UnknownEnvironmentError{Name: name, Known: p.Names(), Suggestion: nearest(name, p.Names())}
	for _, dir := range p.searched {
		e.Searched = append(e.Searched, p.rel(dir))
	}
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

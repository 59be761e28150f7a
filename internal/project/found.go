package project

import (
	"fmt"
	"strings"
)

// Found says, in a line each, what discovery found, what it took it for, and
// what was not read.
func (p *Project) Found() []string {
	var all []string
	say := func(format string, args ...any) { all = append(all, fmt.Sprintf(format, args...)) }
	say("project: %s", p.Root)
	switch {
	case p.undecided != nil:
		say("Terraform code: %v", p.undecided)
	case p.root == nil && len(p.Roots) > 0:
		say("Terraform code: as %s says, for each environment", configName)
	case p.root == nil:
		say("Terraform code: none was found")
	case p.root.Dir != "":
		say("Terraform code: %s (%s)", p.rel(p.root.Dir), p.rootWhy)
	default:
		say("Terraform code: a directory for each environment, %s (%s)", strings.Join(p.rels(p.root.directories()), ", "), p.rootWhy)
	}
	if p.root != nil && len(p.Roots) > 1 {
		var others []string
		for _, name := range p.RootNames() {
			if name != p.root.Name {
				others = append(others, name)
			}
		}
		say("other Terraform roots, for --root: %s", strings.Join(others, ", "))
	}
	for _, e := range p.Environments {
		all = append(all, p.foundEnvironment(e)...)
	}
	if len(p.Environments) == 0 {
		say("environments: none was found")
	}
	if p.SharedFile != "" {
		say("one secrets file serves all environments: %s", p.rel(p.SharedFile))
	}
	if p.Binary != "" {
		say("%s runs the code: %s", p.Binary, p.BinaryWhy)
	}
	for _, u := range p.Unread {
		say("not read: %s (%s)", u.Tool, u.File)
	}
	if p.cut {
		say("not searched: what lies deeper than %d directories, or beyond the first %d; 'terraform' in %s says where code lies", maxDepth, maxDirectories, configName)
	}
	return all
}

func (p *Project) foundEnvironment(e Environment) []string {
	sealed := p.rel(e.Sealed)
	switch {
	case exists(e.Sealed):
	case exists(e.Plain):
		sealed += ", not sealed yet"
	default:
		sealed += ", not there yet"
	}
	vars := "none"
	if len(e.VarFiles) > 0 {
		vars = strings.Join(p.rels(e.VarFiles), ", ")
	}
	all := []string{
		fmt.Sprintf("environment %s: secrets %s", e.Name, sealed),
		"  var files: " + vars,
		fmt.Sprintf("  workspace: %s (%s)", e.Workspace, e.WorkspaceWhy),
	}
	if e.TerraformDir != "" && p.TerraformDir == "" {
		all = append(all, "  code: "+p.rel(e.TerraformDir))
	}
	if e.Unclear != nil {
		all = append(all, "  unclear: "+e.Unclear.Error())
	}
	return all
}

package project

import (
	"fmt"
	"path/filepath"
)

// DefaultWorkspace is the workspace that every state has.
const DefaultWorkspace = "default"

// workspace decides in which of Terraform's workspaces an environment lies,
// and says why.
//
// https://developer.hashicorp.com/terraform/language/state/workspaces
func (p *Project) workspace(env *Environment, d *environmentConfig, ownDirectory bool, code codeReader) {
	set := func(workspace, why string) { env.Workspace, env.WorkspaceWhy = workspace, why }
	if d.workspace.set {
		env.WorkspaceDeclared = true
		set(d.workspace.value, configName+" says so")
		return
	}
	if env.Name == p.givenWorkspace && env.Name != "" {
		env.WorkspaceDeclared = true
		set(env.Name, "--workspace says so")
		return
	}
	if env.TerraformDir == "" {
		set(DefaultWorkspace, "there is no Terraform code")
		return
	}
	b := code.read(env.TerraformDir).backend
	if env.BackendAtInit = b.atInit; b.atInit {
		if _, own := backendFiles(env); len(own) == 1 {
			env.BackendFile = own[0]
		}
	}
	switch {
	case b.name != "" && b.kind == "cloud":
		env.WorkspaceFixed = true
		set(b.name, fmt.Sprintf("%s names it", p.rel(b.file)))
		return
	case b.name != "":
		env.WorkspaceFixed = true
		set(DefaultWorkspace, fmt.Sprintf("the backend in %s names one workspace", p.rel(b.file)))
		return
	case ownDirectory:
		set(DefaultWorkspace, fmt.Sprintf("the environment has its own directory, %s", p.rel(env.TerraformDir)))
		return
	}
	for _, dir := range code.reach(env.TerraformDir) {
		if file := code.read(dir).workspace; file != "" {
			set(env.Name, fmt.Sprintf("%s uses terraform.workspace", p.rel(file)))
			return
		}
	}
	if file := p.prefixAtInit(env, b); file != "" {
		set(env.Name, fmt.Sprintf("%s sets workspace_key_prefix", p.rel(file)))
		return
	}
	if b.several {
		set(env.Name, fmt.Sprintf("the backend in %s sets %s", p.rel(b.file), b.attribute))
		return
	}
	set(DefaultWorkspace, "the code never uses terraform.workspace")
}

// shareState says which other environments have the same state, as far as the
// code tells: the same directory and the same workspace.
func (p *Project) shareState() {
	type state struct{ dir, workspace string }
	by := map[state][]string{}
	for _, e := range p.Environments {
		if e.TerraformDir != "" {
			at := state{filepath.Clean(e.TerraformDir), e.Workspace}
			by[at] = append(by[at], e.Name)
		}
	}
	for i := range p.Environments {
		e := &p.Environments[i]
		for _, other := range by[state{filepath.Clean(e.TerraformDir), e.Workspace}] {
			if other != e.Name && e.TerraformDir != "" {
				e.SharesState = append(e.SharesState, other)
			}
		}
	}
}

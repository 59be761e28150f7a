package main

import (
	"github.com/spf13/cobra"

	"hci/internal/project"
)

// flagKeys completes the keys of the environment that the command names, or of
// the default one.
func (a *app) flagKeys(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	return a.ofEnvironment(args, a.keys), noFiles
}

// flagSecrets completes the names in Secrets Manager likewise.
func (a *app) flagSecrets(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	return a.ofEnvironment(args, a.secretNames), noFiles
}

// flagVariables completes the names of the secrets file likewise.
func (a *app) flagVariables(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	return a.ofEnvironment(args, a.secretVariables), noFiles
}

// flagContainers completes the containers of the task definitions likewise.
func (a *app) flagContainers(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	return a.ofEnvironment(args, func(p *project.Project, env project.Environment) []string {
		var names []string
		if ev := a.evaluated(p, env); ev != nil {
			for _, t := range ev.Tasks {
				for _, c := range t.Containers {
					names = append(names, c.Name+"\t"+t.Address)
				}
			}
		}
		return names
	}), noFiles
}

// flagServices completes the services likewise.
func (a *app) flagServices(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	return a.ofEnvironment(args, func(p *project.Project, env project.Environment) []string {
		var names []string
		if ev := a.evaluated(p, env); ev != nil {
			for _, s := range ev.Services {
				if s.Name != "" {
					names = append(names, s.Name+"\t"+s.Address)
				}
			}
		}
		return names
	}), noFiles
}

// ofEnvironment is what list offers in the environment that is named first, or in the
// default one.
func (a *app) ofEnvironment(args []string, list func(p *project.Project, env project.Environment) []string) []string {
	p := a.completing()
	if p == nil {
		return nil
	}
	env, err := p.DefaultEnvironment(defaultEnv)
	if len(args) > 0 {
		env, err = p.Environment(args[0])
	}
	if err != nil {
		return nil
	}
	return list(p, env)
}

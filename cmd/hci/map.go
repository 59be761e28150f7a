package main

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"hci/internal/flow"
	"hci/internal/project"
	"hci/internal/terraform"
)

func newMap(a *app) *cobra.Command {
	var format, output string
	cmd := &cobra.Command{
		Use:   "map ENV",
		Short: "Show how each value gets from the sealed file to a container",
		Long: `Show which variable goes into which secret, which container takes it under which
key, and which role ECS reads it with. What 'hci check' finds wrong with the code
stands where it is wrong, behind a "!": a secret that no policy grants, one that
stands in the plain environment, a variable in no secret and no container, a secret in another
region. Only names are shown; no passphrase is needed, and AWS is not asked.`,
		Example: `  hci map staging
  hci map staging --format mermaid
  hci map staging --format svg -o map.svg`,
		Args:              between(1, 1),
		ValidArgsFunction: a.envNames,
		RunE: func(cmd *cobra.Command, args []string) error {
			env, err := a.environment(args[0])
			if err != nil {
				return err
			}
			m, err := a.flow(cmd.Context(), env)
			if err != nil {
				return err
			}
			text, ok := map[string]func() string{"tree": m.Tree, "mermaid": m.Mermaid, "svg": m.SVG}[format]
			if !ok {
				return &usageError{cmd: cmd.CommandPath(), err: fmt.Errorf("unknown format %q: tree, mermaid, svg", format)}
			}
			return a.writeFile(output, []byte(text()), true)
		},
	}
	cmd.Flags().StringVar(&format, "format", "tree", "tree, mermaid or svg")
	cmd.Flags().StringVarP(&output, "output", "o", "", "write to `FILE` (- is standard output)")
	return cmd
}

// flow draws the map of an environment, without its secrets.
func (a *app) flow(ctx context.Context, env project.Environment) (*flow.Map, error) {
	c := &checkRun{app: a, request: lintRequest{noSecrets: true}}
	if err := c.code(ctx, []project.Environment{env}); err != nil {
		return nil, err
	}
	// Who asks for a secret by its name is seen in the tracked files.
	if err := c.tracked(ctx); err != nil {
		a.sayf("whether an app asks for a secret by its name is not known: %s", a.relative(err.Error()))
	}
	marks := func(file string, line int) []string {
		var all []string
		for _, f := range c.findings {
			if f.Line == line && f.File == file {
				all = append(all, strings.TrimPrefix(f.Rule.Short, "a "))
			}
		}
		return all
	}
	m, ev, err := terraform.Evaluate(a.found, env, nil, a.environ, terraform.Options{})
	if err != nil {
		return nil, err
	}
	return flow.New(flow.Input{
		File: a.rel(env.Sealed), Variables: m.Variables(), Evaluated: ev,
		Marks: marks(filepath.ToSlash(c.fromRoot(env.Sealed)), 1),
		Wrong: func(file string, line int) []string { return marks(c.fromRoot(terraform.Path(a.found, file)), line) },
	}), nil
}

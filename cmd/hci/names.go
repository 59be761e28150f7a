package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/agext/levenshtein"
	"github.com/spf13/cobra"

	"hci/internal/project"
	"hci/internal/sealed"
	"hci/internal/term"
	"hci/tfvars"
)

// defaultEnv is the environment of "env …" where nothing else says which.
const defaultEnv = "staging"

// defaultEnvironment is the environment that was named, or the default one.
func (a *app) defaultEnvironment(args []string) (project.Environment, error) {
	p, err := a.project()
	if err != nil {
		return project.Environment{}, err
	}
	if len(args) > 0 {
		return p.Environment(args[0])
	}
	return p.DefaultEnvironment(defaultEnv)
}

// open opens the secrets of an environment by name, for reading.
func (a *app) open(ctx context.Context, name string) (*sealed.Content, error) {
	env, err := a.environment(name)
	if err != nil {
		return nil, err
	}
	return a.openEnv(ctx, env)
}

// openEnv opens the secrets of an environment for reading, and says so if
// that was the plaintext.
func (a *app) openEnv(ctx context.Context, env project.Environment) (*sealed.Content, error) {
	content, err := a.files(env).Open(ctx, a.passphrase(env))
	if err != nil {
		return nil, of(env, err)
	}
	if content.FromPlain {
		a.sayf("%s: using the plaintext %s, as Terraform would", env.Name, a.rel(content.Path))
	}
	return content, nil
}

// of says which environment an error is about, if it does not say so itself.
func of(env project.Environment, err error) error {
	if strings.HasPrefix(err.Error(), env.Name+": ") {
		return err
	}
	return fmt.Errorf("%s: %w", env.Name, err)
}

// unknownName is the error about a name that a secrets file does not have.
func (a *app) unknownName(f *tfvars.File, name, path string) error {
	return fmt.Errorf("%s: no name %q%s", a.rel(path), name, didYouMean(name, f.Names()))
}

// didYouMean names the known name nearest to name, if one is near.
func didYouMean(name string, known []string) string {
	best, distance := "", max(1, len(name)/3)+1
	for _, k := range known {
		if d := levenshtein.Distance(name, k, nil); d < distance {
			best, distance = k, d
		}
	}
	if best == "" {
		return ""
	}
	return fmt.Sprintf("; did you mean %q?", best)
}

// envThenNames completes an environment, and nothing after it: the names in its
// secrets are known only once the sealed file is open, and a key that is pressed
// must open none, run no command and ask nobody.
func (a *app) envThenNames(cmd *cobra.Command, args []string, word string) ([]string, cobra.ShellCompDirective) {
	if len(args) == 0 {
		return a.envNames(cmd, args, word)
	}
	return nil, cobra.ShellCompDirectiveNoFileComp
}

// warnGit asks git, while other work goes on, whether it tracks or would take a
// file that is to hold plaintext. Calling what it returns waits for the answer
// and warns.
func (a *app) warnGit(ctx context.Context, path string) func() {
	if a.found == nil {
		return func() {}
	}
	answer := make(chan project.GitStatus, 1)
	go func() { answer <- a.found.Git(ctx, path) }()
	return func() {
		switch <-answer {
		case project.GitTracked:
			a.sayf("warning: git tracks %s, which is plaintext: 'git rm --cached' it", a.rel(path))
		case project.GitUnignored:
			a.sayf("warning: git does not ignore %s, which is plaintext: put it into .gitignore", a.rel(path))
		}
	}
}

// errNothing ends a command to which a person said no.
var errNothing = errors.New("nothing was written")

// agree asks, unless --yes was given; the error says that nothing was written.
func (a *app) agree(yes bool, question string) error {
	if yes {
		return nil
	}
	yes, err := a.confirm(question, "--yes")
	if err == nil && !yes {
		err = errNothing
	}
	return err
}

// confirm asks a question whose default is no. Without a terminal the error
// names the flag that answers it.
func (a *app) confirm(question, flag string) (bool, error) {
	yes, err := a.terminal().Confirm(question, false)
	if errors.Is(err, term.ErrNoTerminal) {
		return false, fmt.Errorf("%w; say %s to go ahead without being asked", err, flag)
	}
	return yes, err
}

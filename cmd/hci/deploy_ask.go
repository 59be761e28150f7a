package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"hci/internal/deploy"
	"hci/internal/project"
	"hci/internal/term"
)

// asker asks the questions before a deployment.
type asker interface {
	// ask asks for a line.
	ask(question string) (string, error)
	// confirm asks for yes or no.
	confirm(question string, byDefault bool) (bool, error)
}

// onTerminal asks on the terminal.
type onTerminal struct{ a *app }

func (o onTerminal) ask(question string) (string, error) {
	line, err := o.a.terminal().Ask(question)
	return line, noTerminal(err)
}

func (o onTerminal) confirm(question string, byDefault bool) (bool, error) {
	yes, err := o.a.terminal().Confirm(question, byDefault)
	return yes, noTerminal(err)
}

func noTerminal(err error) error {
	if errors.Is(err, term.ErrNoTerminal) {
		return fmt.Errorf("%w; --yes answers with yes, --ask-from-stdin takes the answers from standard input", err)
	}
	return err
}

// fromInput takes the answers from standard input, a line each. What is no
// answer is an error: nobody is there to be asked again.
type fromInput struct {
	a     *app
	lines *bufio.Reader
}

func (f *fromInput) ask(question string) (string, error) {
	line, err := f.lines.ReadString('\n')
	if err != nil && (!errors.Is(err, io.EOF) || line == "") {
		return "", fmt.Errorf("standard input ends before the answer to %q", question)
	}
	line = strings.TrimSpace(line)
	f.a.sayf("%s %s", strings.TrimSpace(question), line)
	return line, nil
}

func (f *fromInput) confirm(question string, _ bool) (bool, error) {
	line, err := f.ask(question)
	if err != nil {
		return false, err
	}
	switch strings.ToLower(line) {
	case "y", "yes":
		return true, nil
	case "n", "no":
		return false, nil
	}
	return false, fmt.Errorf("standard input answers %q with something else than y or n", question)
}

// asker is who answers the questions of a deployment.
func (a *app) asker(fromStdin bool) asker {
	if fromStdin {
		return &fromInput{a: a, lines: bufio.NewReader(a.in)}
	}
	return onTerminal{a}
}

// deployEnvironment is the environment that is named or, if none is, the default
// one; without one it is asked for.
func (a *app) deployEnvironment(args []string, ask asker, yes bool) (project.Environment, error) {
	if len(args) > 0 {
		return a.environment(args[0])
	}
	p, err := a.project()
	if err != nil {
		return project.Environment{}, err
	}
	env, err := p.DefaultEnvironment("")
	var none *project.NoDefaultEnvironmentError
	if !errors.As(err, &none) {
		return env, err
	}
	if len(p.Environments) == 0 || yes {
		return env, err
	}
	name, err := ask.ask(fmt.Sprintf("Which environment (%s)? ", strings.Join(p.Names(), ", ")))
	if err != nil {
		return env, err
	}
	return a.environment(strings.TrimSpace(name))
}

// errNotAgreed says that the answer was no.
var errNotAgreed = errors.New("nothing was done")

// choose asks which steps are to be done: first whether any, then the team's
// five questions.
func choose(env string, possible []deploy.Step, ask asker) ([]deploy.Step, error) {
	yes, err := ask.confirm("Deploy to "+env+"?", false)
	if err != nil {
		return nil, err
	}
	if !yes {
		return nil, errNotAgreed
	}
	var steps []deploy.Step
	for _, q := range deploy.Questions {
		if !slices.Contains(possible, q.Step) {
			continue
		}
		yes, err := ask.confirm(q.Text, true)
		if err != nil {
			return nil, err
		}
		if yes {
			steps = append(steps, q.Step)
		}
	}
	if len(steps) == 0 {
		return nil, errNotAgreed
	}
	return deploy.Sorted(steps), nil
}

// agreed asks before steps that a flag named.
func agreed(env string, steps []deploy.Step, ask asker) error {
	var names []string
	for _, s := range steps {
		names = append(names, string(s))
	}
	yes, err := ask.confirm(fmt.Sprintf("Deploy to %s (%s)?", env, strings.Join(names, ", ")), false)
	if err == nil && !yes {
		err = errNotAgreed
	}
	return err
}

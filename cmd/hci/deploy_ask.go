package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"hci/internal/deploy/state"
	"hci/internal/project"
	"hci/internal/term"
)

// asker asks the questions before a deployment.
type asker interface {
	// ask asks for a line.
	ask(question string) (string, error)
	// confirm asks for yes or no.
	confirm(question string, byDefault bool) (bool, error)
	// decide asks for yes or no; there is no default.
	decide(question string) (bool, error)
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

func (o onTerminal) decide(question string) (bool, error) {
	for {
		line, err := o.ask(question + " [y/n] ")
		if err != nil {
			return false, err
		}
		if yes, ok := yesOrNo(line); ok {
			return yes, nil
		}
	}
}

// yesOrNo reads an answer; ok is false if it is neither.
func yesOrNo(line string) (yes, ok bool) {
	switch strings.ToLower(strings.TrimSpace(line)) {
	case "y", "yes":
		return true, true
	case "n", "no":
		return false, true
	}
	return false, false
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

func (f *fromInput) confirm(question string, _ bool) (bool, error) { return f.decide(question) }

func (f *fromInput) decide(question string) (bool, error) {
	line, err := f.ask(question)
	if err != nil {
		return false, err
	}
	if yes, ok := yesOrNo(line); ok {
		return yes, nil
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

// choose asks which steps are to be done: the team's five questions. Those that change
// what runs have no default.
func choose(possible []state.Step, ask asker) ([]state.Step, error) {
	var steps []state.Step
	for _, q := range state.Questions {
		if !slices.Contains(possible, q.Step) {
			continue
		}
		var yes bool
		var err error
		if slices.Contains(changing, q.Step) {
			yes, err = ask.decide(q.Text)
		} else {
			yes, err = ask.confirm(q.Text, true)
		}
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
	return state.Sorted(steps), nil
}

// proceed asks whether the plan that was shown is to be carried out.
func proceed(ask asker) error {
	yes, err := ask.confirm("Proceed?", false)
	if err == nil && !yes {
		err = errNotAgreed
	}
	return err
}

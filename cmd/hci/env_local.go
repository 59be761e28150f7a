package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"hci/internal/env/layers"
	"hci/internal/project"
	"hci/internal/term"
	"hci/sync/dotenv"
	"hci/sync/secret"
)

// localRequest is about --local: the variables of a person's own machine.
type localRequest struct {
	on      bool
	quiet   bool            // what is skipped was said when the file was made
	dir     string          // where a template is looked for first
	own     []string        // keys that the person has set in the file
	answers *[]dotenv.Entry // what was asked for goes there; nil if nothing may be asked
}

func (l *localRequest) flag(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&l.on, "local", false, "what a laptop needs: the template's values and the local block of hci.hcl first")
}

func (l localRequest) given() []dotenv.Entry {
	if l.answers == nil {
		return nil
	}
	return *l.answers
}

// prepareLocal finds out what the file at -o already says for a person's own
// machine.
func (a *app) prepareLocal(ctx context.Context, r *exportRequest) error {
	if !r.local.on || r.output == "" || r.output == "-" {
		return nil
	}
	path, err := a.abs(r.output)
	if err != nil {
		return err
	}
	r.local.dir = filepath.Dir(path)
	r.local.answers = &[]dotenv.Entry{}
	file, _, err := a.readEnvFile(ctx, r.output, "")
	var none *noEnvFileError
	if errors.As(err, &none) || errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return nil // it is judged when it is written
	}
	for _, e := range file.Entries {
		if file.Own(e.Key) || !file.Made {
			r.local.own = append(r.local.own, e.Key)
		}
	}
	return nil
}

// makeLocal makes of an environment's variables those of a person's own machine.
func (a *app) makeLocal(ctx context.Context, env project.Environment, set *layers.Set, scope layers.Scope, r variablesRequest) error {
	t, err := a.localTemplate(ctx, r.local.dir)
	if err != nil {
		return err
	}
	dropped, err := set.Local(t, a.found.Local, scope)
	if err != nil {
		return err
	}
	if len(dropped) > 0 && !r.local.quiet {
		a.sayf("%s: skipped, because %s does not name what only the deployed container needs: %s", env.Name, t.File, strings.Join(dropped, ", "))
	}
	return nil
}

// localTemplate is the template beside the file that is written, in the current
// directory, or at the project's root; nil if there is none.
func (a *app) localTemplate(ctx context.Context, dir string) (*layers.Template, error) {
	here, err := a.abs(".")
	if err != nil {
		return nil, err
	}
	for _, d := range []string{dir, here, a.found.Root} {
		if d == "" {
			continue
		}
		t, err := a.template(ctx, d, "")
		if err != nil {
			return nil, err
		}
		if t != nil {
			return &layers.Template{File: t.Name, Keys: t.Keys, Local: t.Local, Default: t.Default, Line: t.Line}, nil
		}
	}
	return nil, nil
}

// askLocal asks for the values that nothing here knows, on a terminal. What is
// left empty stays without a value.
func (a *app) askLocal(missing []layers.Variable, l localRequest) (rest []layers.Variable, err error) {
	if l.answers == nil {
		return missing, nil
	}
	for i, v := range missing {
		text, err := a.terminal().Ask(fmt.Sprintf("%s here (%s), empty for none: ", v.Key, v.Reason()))
		if errors.Is(err, term.ErrNoTerminal) {
			return append(rest, missing[i:]...), nil
		}
		if err != nil {
			return nil, err
		}
		if text == "" {
			rest = append(rest, v)
			continue
		}
		*l.answers = append(*l.answers, dotenv.Entry{Key: v.Key, Value: secret.New(text)})
	}
	return rest, nil
}

// withAnswers adds what was asked for to a person's own lines.
func withAnswers(file []byte, dialect dotenv.Dialect, answers []dotenv.Entry) ([]byte, error) {
	if len(answers) == 0 {
		return file, nil
	}
	lines, err := dotenv.Encode(dialect, answers, dotenv.Options{})
	if err != nil {
		return nil, err
	}
	if !bytes.HasSuffix(file, []byte("\n")) {
		file = append(file, '\n')
	}
	return append(file, lines...), nil
}

package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"hci/crypto"
	"hci/internal/history"
	"hci/internal/lint"
	"hci/internal/project"
	"hci/internal/term"
	"hci/internal/terraform"
	"hci/sync/secret"
)

func newGuard(a *app) *cobra.Command {
	var since, format string
	var strict bool
	cmd := &cobra.Command{
		Use:   "guard",
		Short: "Stop a commit that would publish a secret",
		Long: `Look at what the next commit adds or changes, as a pre-commit hook does: plaintext
secrets files, .env files, the value of any sealed secret in any file, and sealed
files that are none, do not open, or are not authentic any more. With --since, look
at every version that the commits since a revision have added, as CI does.

Values are looked for by the rule of 'hci check': too short or too common ones are
left alone. It asks no questions. An environment whose passphrase is not at hand is
looked at without its values, and that is said; --strict makes it exit code 1.

Exit code 2 when something is found.`,
		Example: `  hci git guard
  hci git guard --since origin/main --strict`,
		Args: between(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.runGuard(cmd.Context(), since, format, strict)
		},
	}
	f := cmd.Flags()
	f.StringVar(&since, "since", "", "look at the commits since `REV`, or of the range REV..REV")
	f.StringVar(&format, "format", "text", "text, json or sarif")
	f.BoolVar(&strict, "strict", false, "fail if something could not be looked at")
	return cmd
}

// runGuard looks at what is staged, or at what the commits since a revision have
// added, and reports.
func (a *app) runGuard(ctx context.Context, since, format string, strict bool) error {
	p, err := a.project()
	if err != nil {
		return err
	}
	var blobs []project.Blob
	if since == "" {
		blobs, err = p.Staged(ctx)
	} else {
		blobs, err = p.Since(ctx, since)
	}
	if err != nil {
		return notSearched(err)
	}
	c := &checkRun{app: a, request: lintRequest{format: format}}
	if c.findings, c.notChecked, err = a.guard(ctx, p, blobs); err != nil {
		return err
	}
	if strict && len(c.notChecked) > 0 {
		err = errors.New("not everything was checked, and --strict asks for that")
	}
	if err == nil && len(c.findings) == 0 && format == "text" {
		for _, what := range c.notChecked {
			a.sayf("not checked: %s", what)
		}
		return nil // a hook is quiet where there is nothing to say
	}
	return errors.Join(err, c.report(err), c.verdict())
}

// guard looks at versions of files. unread says what could not be looked at.
func (a *app) guard(ctx context.Context, p *project.Project, blobs []project.Blob) (findings []lint.Finding, unread []string, err error) {
	if len(blobs) == 0 {
		return nil, nil, nil
	}
	top, err := a.git(ctx, "rev-parse", "--show-prefix")
	if err != nil {
		return nil, nil, err
	}
	prefix := strings.TrimSuffix(string(top), "\n")
	needles, phrases, unread, err := a.guardValues(ctx, p)
	if err != nil {
		return nil, nil, err
	}
	g := guardOf(p, prefix, needles)
	g.Opens = func(env string, data []byte, before string) *lint.Finding {
		phrase, ok := phrases[env]
		if !ok {
			return nil
		}
		return a.guardSealed(ctx, env, phrase, data, before)
	}
	keep := func(b project.Blob, found []lint.Finding) {
		for _, f := range found {
			f.File = strings.TrimPrefix(f.File, prefix)
			if b.Commit != "" {
				f.Text += fmt.Sprintf(" (commit %.7s)", b.Commit)
			}
			findings = append(findings, f)
		}
	}
	var large []project.Blob
	err = p.ReadBlobs(ctx, blobs, func(b project.Blob, data []byte) {
		if data == nil {
			large = append(large, b)
			return
		}
		keep(b, g.Look(b.Path, data, b.Before))
	})
	for _, b := range large {
		if err != nil {
			break
		}
		look, ok := g.Large(b.Path)
		if g.Sealed[b.Path] != "" {
			unread = append(unread, b.Path+", a sealed file of more than 4 MiB")
			continue
		}
		if !ok {
			keep(b, g.Look(b.Path, nil, b.Before))
			continue
		}
		err = p.StreamBlob(ctx, b, look)
		keep(b, look.Findings())
	}
	return lint.Sort(findings), unread, err
}

// guardOf is a guard that knows the files of all environments, by their paths
// in the repository.
func guardOf(p *project.Project, prefix string, needles []lint.Needle) *lint.Guard {
	g := lint.NewGuard(needles)
	for _, env := range p.Environments {
		for path, into := range map[string]map[string]string{env.Plain: g.Plain, env.Sealed: g.Sealed} {
			if rel, err := filepath.Rel(p.Root, path); err == nil && path != "" && filepath.IsLocal(rel) {
				into[prefix+filepath.ToSlash(rel)] = env.Name
			}
		}
	}
	return g
}

// guardValues opens the environments whose passphrases are at hand.
func (a *app) guardValues(ctx context.Context, p *project.Project) (needles []lint.Needle, phrases map[string]secret.Value, unread []string, err error) {
	s, err := a.sources("")
	if err != nil {
		return nil, nil, nil, err
	}
	s.Terminal = nil // a hook asks no questions
	m, tfErr := terraform.Read(p)
	phrases = map[string]secret.Value{}
	for _, env := range p.Environments {
		if !hasSealed(env) {
			continue
		}
		var phrase secret.Value
		content, err := a.files(env).OpenSealed(ctx, func(ctx context.Context) (secret.Value, error) {
			var err error
			phrase, err = a.passphrase(env)(ctx)
			return phrase, err
		})
		switch {
		case errors.Is(err, term.ErrNoTerminal):
			unread = append(unread, "values of "+env.Name+": its passphrase is not at hand")
			continue
		case err != nil:
			unread = append(unread, a.relative(fmt.Sprintf("values of %s: %v", env.Name, err)))
			continue
		}
		phrases[env.Name] = phrase
		needles = append(needles, lint.Needles(env.Name, content.File, func(name string) bool {
			if tfErr != nil {
				return true
			}
			v, declared := m.Variable(name)
			return v.Sensitive || !declared
		})...)
	}
	return needles, phrases, unread, nil
}

// guardSealed says what is wrong with a version of a sealed file: it does not
// open, or is not authentic while the version before was.
func (a *app) guardSealed(ctx context.Context, name string, phrase secret.Value, data []byte, before string) *lint.Finding {
	wrong := func(rule lint.Rule, text string) *lint.Finding {
		return &lint.Finding{Severity: lint.Problem, Code: rule.ID, Text: text, Rule: rule}
	}
	env, err := a.environment(name)
	if err != nil {
		return wrong(lint.SealedDamaged, err.Error())
	}
	content, err := a.files(env).OpenVersion(data, phrase, nil)
	switch {
	case errors.Is(err, crypto.ErrWrongPassphrase):
		return wrong(lint.SealedDamaged, "the passphrase of "+name+" does not open it")
	case err != nil:
		return wrong(lint.SealedDamaged, err.Error())
	case content.Authenticated || before == "":
		return nil
	}
	old, err := history.Blob(ctx, a.git, before)
	if err != nil {
		return wrong(lint.NotAuthenticated, err.Error())
	}
	if was, err := a.files(env).OpenVersion(old, phrase, nil); err == nil && was.Authenticated {
		return wrong(lint.NotAuthenticated, "it was sealed by openssl itself, or altered, and the version before was sealed by hci")
	}
	return nil
}

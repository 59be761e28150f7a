package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/spf13/cobra"
	"github.com/zclconf/go-cty/cty"

	"hci/crypto"
	"hci/internal/project"
	"hci/internal/sealed"
	"hci/internal/term"
	"hci/internal/terraform"
	"hci/sync/secret"
	"hci/tfvars"
)

func newSet(a *app) *cobra.Command {
	var src valueSource
	var fresh, dryRun, asJSON bool
	cmd := &cobra.Command{
		Use:   "set ENV NAME",
		Short: "Set one value, from a prompt, standard input or a file",
		Long: `Set one value in the sealed file; no plaintext touches the disk. The value comes
from a prompt without echo, from standard input if that is no terminal, or from
--from-file; never from the command line, where others could read it.

Where there is no secrets file yet, the sealed file is made: its passphrase comes
from where it always does, or is asked for twice.

The value gets the type that the Terraform variable declares. Standard input of
one line is taken without its newline; a file, and input of several lines (a
private key), are taken as they are.

A name that no Terraform variable declares and that is not in the file yet needs
--new: it may be misspelt. Where there is no Terraform code yet, only one that is
like a name in the file does.`,
		Args:              between(2, 2),
		ValidArgsFunction: a.envThenNames,
		RunE: func(cmd *cobra.Command, args []string) error {
			env, err := a.environment(args[0])
			if err != nil {
				return err
			}
			declared, err := a.declared(env)
			if err != nil {
				return err
			}
			// The file is opened first: a passphrase that is wrong does not lose a
			// value that was typed.
			return a.update(cmd.Context(), a.creating(env), env, asJSON, dryRun, func(f *tfvars.File) error {
				want, known := declared[args[1]]
				begun := declared == nil && didYouMean(args[1], f.Names()) == "" // no code yet
				if !known && !fresh && !begun && !f.Has(args[1]) {
					return &newNameError{env: env.Name, name: args[1], known: slices.Concat(slices.Sorted(maps.Keys(declared)), f.Names())}
				}
				text, err := a.readValue(cmd.Context(), src, args[1])
				if err != nil {
					return err
				}
				a.tellValue(args[1], text, src)
				value, err := tfvars.FromText(text.Reveal(), typeOf(f, args[1], want))
				if err != nil {
					return fmt.Errorf("%q: %w", args[1], err)
				}
				return f.Set(args[1], value)
			})
		},
	}
	cmd.Flags().StringVar(&src.file, "from-file", "", "take the value from `FILE`, byte for byte (- is standard input)")
	cmd.Flags().BoolVar(&src.empty, "empty", false, "the value is the empty string")
	cmd.Flags().BoolVar(&fresh, "new", false, "the name is meant, although nothing declares it yet")
	dryRunFlag(cmd, &dryRun)
	jsonFlag(cmd, &asJSON)
	return cmd
}

// creating is files, for commands that make the sealed file if there is none.
func (a *app) creating(env project.Environment) sealed.Files {
	f := a.files(env)
	f.Create = func(ctx context.Context) (secret.Value, error) {
		a.sayf("%s is not there yet, and will be made", a.rel(env.Sealed))
		return a.firstPassphrase(env)(ctx)
	}
	return f
}

// update changes an environment's secrets file and reports what changed.
func (a *app) update(ctx context.Context, files sealed.Files, env project.Environment, asJSON, dryRun bool, change func(*tfvars.File) error) error {
	return a.each([]project.Environment{env}, asJSON, dryRun, func(env project.Environment) (*sealed.Result, error) {
		return files.Update(ctx, a.passphrase(env), sealed.Options{DryRun: dryRun}, change)
	})
}

// newNameError says that a name is neither declared nor in the secrets file.
type newNameError struct {
	env, name string
	known     []string
}

func (e *newNameError) Error() string {
	return fmt.Sprintf("no variable %q is declared, and the secrets of %s have no such name%s; nothing was written", e.name, e.env, didYouMean(e.name, e.known))
}

// Next says how such a name is set.
func (e *newNameError) Next() string {
	return fmt.Sprintf("'hci secrets set %s %s --new' sets it all the same", e.env, shellWord(e.name))
}

// declared returns the variables that an environment's Terraform code declares,
// with their types; none where there is no such code.
func (a *app) declared(env project.Environment) (map[string]cty.Type, error) {
	p, err := a.project()
	if err != nil {
		return nil, err
	}
	m, err := terraform.Read(p.In(env))
	var none *terraform.NoDirectoryError
	if errors.As(err, &none) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	all := map[string]cty.Type{}
	for _, v := range m.Variables() {
		all[v.Name] = v.Type
	}
	return all, nil
}

// typeOf is the declared type or, where that says nothing, the type of the
// value that is there.
func typeOf(f *tfvars.File, name string, declared cty.Type) cty.Type {
	if declared != cty.NilType && declared != cty.DynamicPseudoType {
		return declared
	}
	if old, ok := f.Value(name); ok && !old.IsNull() {
		return old.Type()
	}
	return cty.String
}

// valueSource says where a new value comes from.
type valueSource struct {
	file  string
	empty bool
}

// readValue reads a new value. An empty one is an error unless it was asked
// for: it is nearly always a script's mistake, and Secrets Manager refuses it.
func (a *app) readValue(ctx context.Context, src valueSource, name string) (secret.Value, error) {
	if src.empty {
		return secret.New(""), nil
	}
	value, err := a.readValueFrom(ctx, src, name)
	if err == nil && value.Len() == 0 {
		return value, fmt.Errorf("the value of %q is empty; say --empty if that is meant", name)
	}
	return value, err
}

func (a *app) readValueFrom(ctx context.Context, src valueSource, name string) (secret.Value, error) {
	switch {
	case src.file != "" && src.file != "-":
		path, err := a.abs(src.file)
		if err != nil {
			return secret.Value{}, err
		}
		data, err := a.readAt(ctx, path, crypto.MaxSize)
		return secret.New(string(data)), err
	case src.file == "" && term.IsTerminal(a.in):
		return a.terminal().Secret(fmt.Sprintf("Value of %s: ", name))
	case a.passphraseFrom == "stdin":
		return secret.Value{}, errors.New("standard input is the passphrase's (--passphrase-from); give the value with --from-file")
	}
	data, err := a.readInput(ctx, crypto.MaxSize)
	if errors.Is(err, errTooMuch) {
		err = crypto.ErrTooLarge
	}
	if err != nil {
		return secret.Value{}, fmt.Errorf("standard input: %w", err)
	}
	if src.file == "" {
		data = oneLine(data)
	}
	return secret.New(string(data)), nil
}

// tellValue says how long a value is that was typed, and what in any value is often a
// mistake: neither can be seen.
func (a *app) tellValue(name string, value secret.Value, src valueSource) {
	strange := oddities(value.Reveal())
	typed := src.file == "" && !src.empty && term.IsTerminal(a.in)
	switch {
	case typed && len(strange) > 0:
		a.sayf("%s: %s; warning: it %s", name, plural(utf8.RuneCountInString(value.Reveal()), "character"), strings.Join(strange, ", "))
	case typed:
		a.sayf("%s: %s", name, plural(utf8.RuneCountInString(value.Reveal()), "character"))
	case len(strange) > 0 && src.file == "":
		a.sayf("warning: %s: the value %s", name, strings.Join(strange, ", "))
	}
}

// oddities are what of a value is seldom meant.
func oddities(value string) []string {
	var all []string
	note := func(odd bool, what string) {
		if odd {
			all = append(all, what)
		}
	}
	trimmed := strings.TrimRight(value, "\r\n")
	note(trimmed != value && !strings.Contains(trimmed, "\n"), "ends in a newline")
	note(strings.TrimLeft(trimmed, " \t") != trimmed, "begins with a blank")
	note(strings.TrimRight(trimmed, " \t") != trimmed, "ends in a blank")
	note(strings.ContainsFunc(trimmed, func(r rune) bool { return unicode.IsControl(r) && r != '\n' && r != '\t' }), "holds a control character")
	note(!utf8.ValidString(value), "is not UTF-8")
	if n := len(trimmed); n > 1 && (trimmed[0] == '"' || trimmed[0] == '\'') && trimmed[n-1] == trimmed[0] {
		all = append(all, "stands in quotes, which become part of it")
	}
	return all
}

// oneLine takes the newline from input that is one line; input of several
// lines is kept as it is.
func oneLine(data []byte) []byte {
	line, ok := bytes.CutSuffix(data, []byte("\n"))
	if !ok || bytes.Contains(line, []byte("\n")) {
		return data
	}
	return bytes.TrimSuffix(line, []byte("\r"))
}

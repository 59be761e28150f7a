package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"hci/crypto"
	"hci/internal/aws/client"
	"hci/internal/child"
	"hci/internal/sealed"
	"hci/internal/term"
	"hci/sync"
	"hci/sync/awssm"
	"hci/tfvars"
)

// Exit codes, as the README documents them.
const (
	exitOK          = 0
	exitFailed      = 1
	exitDifferences = 2
	exitPassphrase  = 4
	exitConflict    = 5

	// As shells have them.
	exitNotExecutable = 126
	exitNotFound      = 127
	exitInterrupted   = 130
)

// errDifferences ends a command that found differences and has already
// printed them.
var errDifferences = errors.New("differences found")

// usageError is a command line that makes no sense.
type usageError struct {
	cmd string
	err error
}

func (e *usageError) Error() string { return e.err.Error() }
func (e *usageError) Unwrap() error { return e.err }

// report says what went wrong on stderr, with the next command where there is
// one, and returns the exit code. With --json it is a report on stdout as well.
func (a *app) report(cmd *cobra.Command, err error) int {
	if err == nil {
		return exitOK
	}
	if ended, ok := errors.AsType[*child.ExitError](err); ok {
		return ended.Code // it has printed what was wrong
	}
	code := exitOK
	var details []errorDetail
	defer func() {
		_, misused := errors.AsType[*usageError](err)
		a.reportJSON(cmd, misused, code, details)
	}()
	for _, e := range flatten(err) {
		if errors.Is(e, errDifferences) {
			code = worse(code, exitDifferences)
			continue
		}
		if errors.Is(e, context.Canceled) {
			e = term.ErrInterrupted // in the words of a person
		}
		var said *saidError
		if !errors.As(e, &said) {
			a.sayf("%s", a.relative(e.Error()))
		}
		a.details(e)
		hints := a.hints(e)
		for _, hint := range hints {
			a.sayf("%s", hint)
		}
		details = append(details, errorDetail{Text: a.relative(e.Error()), Next: hints})
		code = worse(code, exitCode(e))
	}
	return code
}

// saidError is an error whose text has been printed, with more.
type saidError struct{ err error }

func (e *saidError) Error() string { return e.err.Error() }
func (e *saidError) Unwrap() error { return e.err }

// flatten splits what errors.Join joined. What fmt.Errorf joined with several
// %w is one error, with a text of its own.
func flatten(err error) []error {
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok || errors.Join(joined.Unwrap()...).Error() != err.Error() {
		return []error{err}
	}
	var all []error
	for _, e := range joined.Unwrap() {
		all = append(all, flatten(e)...)
	}
	return all
}

func exitCode(err error) int {
	var ended *child.ExitError
	var loss *sealed.LossError
	var unsealed *sealed.UnsealedError
	var start *child.StartError
	var over *sync.OverwroteError
	switch {
	case deployConflict(err), errors.As(err, &over):
		return exitConflict
	case errors.As(err, &start) && start.NotFound():
		return exitNotFound
	case errors.As(err, &start):
		return exitNotExecutable
	case errors.As(err, &ended):
		return ended.Code
	case errors.Is(err, errDifferences):
		return exitDifferences
	case errors.Is(err, context.Canceled), errors.Is(err, term.ErrInterrupted):
		return exitInterrupted
	case errors.Is(err, crypto.ErrWrongPassphrase), errors.Is(err, sealed.ErrNotAuthenticated):
		return exitPassphrase
	case errors.Is(err, sealed.ErrChanged), errors.Is(err, sync.ErrConflict), errors.As(err, &loss), errors.As(err, &unsealed):
		return exitConflict
	default:
		return exitFailed
	}
}

// worse returns the code that tells more when several things went wrong.
func worse(a, b int) int {
	for _, code := range []int{exitInterrupted, exitPassphrase, exitConflict, exitNotFound, exitNotExecutable, exitFailed, exitDifferences} {
		if a == code || b == code {
			return code
		}
	}
	return exitOK
}

// details prints, under an error, the names that it is about.
func (a *app) details(err error) {
	var loss *sealed.LossError
	var unsealed *sealed.UnsealedError
	switch {
	case errors.As(err, &loss):
		a.printLoss(loss)
	case errors.As(err, &unsealed):
		a.printChanges(unsealed.Changes)
		if len(unsealed.Changes) == 0 {
			a.sayf("  the values agree; comments or layout differ")
		}
	}
}

func (a *app) printLoss(loss *sealed.LossError) {
	switch {
	case loss.Opaque:
		a.sayf("  %s cannot be parsed, so what it holds is not known", a.rel(loss.To))
	case len(loss.Changes) == 0:
		a.sayf("  the values agree; comments or layout differ")
	default:
		a.printChanges(loss.Changes)
	}
}

// printChanges lists changed names, never values.
func (a *app) printChanges(changes []tfvars.Change) {
	for _, c := range changes {
		fmt.Fprintf(a.err, "  %s %s\n", changeSign(c.Kind), c.Name)
	}
}

func changeSign(k tfvars.ChangeKind) string {
	switch k {
	case tfvars.Added:
		return "+"
	case tfvars.Removed:
		return "-"
	default:
		return "~"
	}
}

// nexter is an error that knows what to do next: Next is a sentence with the
// command to run, or the line to write; "" where there is no one thing to do.
type nexter interface {
	error
	Next() string
}

// next is what the errors of a chain say that is to be done, outermost first.
// What fmt.Errorf or errors.Join joined is followed along each of them.
func next(err error) []string {
	var all []string
	add := func(text string) {
		if text != "" && !slices.Contains(all, text) {
			all = append(all, text)
		}
	}
	for err != nil {
		if n, ok := err.(nexter); ok {
			add(n.Next())
		}
		switch e := err.(type) {
		case interface{ Unwrap() []error }:
			for _, each := range e.Unwrap() {
				for _, text := range next(each) {
					add(text)
				}
			}
			return all
		default:
			err = errors.Unwrap(err)
		}
	}
	return all
}

// hints name the next command, where there is one: what the error itself
// carries, else what is known here.
func (a *app) hints(err error) []string {
	if own := next(err); len(own) > 0 {
		for i := range own {
			own[i] = a.relative(own[i])
		}
		return own
	}
	return a.knownHints(err)
}

// knownHints are those for errors that don't carry the next command.
func (a *app) knownHints(err error) []string {
	var (
		usage    *usageError
		loss     *sealed.LossError
		unsealed *sealed.UnsealedError
		notVars  *sealed.NotTfvarsError
		noFile   *sealed.NoFileError
		noPass   *term.NoPassphraseError
		params   *sealed.UndeclaredError
	)
	switch {
	case errors.As(err, &params):
		return []string{fmt.Sprintf("put this into hci.hcl first: openssl { kdf = %q, digest = %q, iterations = %d }, one to a line",
			params.Params.KDF, string(params.Params.Digest), params.Params.Iterations)}
	case errors.As(err, &usage):
		return []string{fmt.Sprintf("see '%s --help'", usage.cmd)}
	case errors.As(err, &loss) && loss.Stale:
		return []string{"'hci secrets decrypt' fetches what changed (keep your edits elsewhere first); --force seals over it"}
	case errors.As(err, &loss):
		return []string{"'hci secrets encrypt' keeps what " + filepath.Base(loss.To) + " holds; --force overwrites it"}
	case errors.As(err, &unsealed):
		return []string{"'hci secrets encrypt' seals them; 'hci secrets decrypt --force' drops them"}
	case errors.As(err, &notVars):
		return []string{"'hci secrets openssl' prints the command that decrypts it without this check"}
	case errors.As(err, &noFile):
		return []string{fmt.Sprintf("'hci secrets set %s NAME' or 'hci secrets edit %[1]s' makes the sealed file", noFile.Env)}
	case errors.As(err, &noPass):
		return nil // its text lists the ways
	}
	return slices.Concat(passphraseHints(err), awsHints(err), deployHints(err))
}

func passphraseHints(err error) []string {
	switch {
	case errors.Is(err, crypto.ErrWrongPassphrase):
		return []string{"if it is right, look at git's log of the file; a key derivation that is not usual is declared by 'openssl' in hci.hcl"}
	case errors.Is(err, sealed.ErrNotAuthenticated):
		return []string{"look at who changed the file; 'hci secrets rekey' seals it again"}
	case errors.Is(err, sealed.ErrChanged):
		return []string{"look at what changed, then run the command again"}
	case errors.Is(err, crypto.ErrTruncated):
		return []string{"'git checkout HEAD -- FILE' restores what was committed last"}
	case errors.Is(err, fs.ErrPermission):
		return []string{"check the permissions of the file and its directory"}
	}
	return nil
}

func awsHints(err error) []string {
	var access *sync.AccessError
	var profile *awssm.ProfileError
	switch {
	case errors.As(err, &profile):
		return []string{fmt.Sprintf("'aws configure sso --profile %s' makes it, 'profile' in hci.hcl names another", profile.Profile)}
	case errors.As(err, &access):
		return []string{"the identity in use lacks that permission"}
	case errors.Is(err, awssm.ErrCredentials), errors.Is(err, client.ErrCredentials):
		return []string{"log in first, for example with 'aws sso login'"}
	}
	return nil
}

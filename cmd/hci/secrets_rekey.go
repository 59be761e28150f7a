package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"hci/crypto"
	"hci/internal/project"
	"hci/internal/sealed"
	"hci/internal/term"
)

func newRekey(a *app) *cobra.Command {
	var p parameterFlags
	var keep, dryRun, asJSON bool
	var newFrom string
	cmd := &cobra.Command{
		Use:   "rekey [ENV...]",
		Short: "Change the passphrase or the key derivation of sealed files",
		Long: `Seal each environment's file under a new passphrase, and with --iterations,
--digest or --kdf under other key-derivation parameters. All environments named
(or all that have a sealed file) or none: every new file is proved to open
before the first old one is replaced, and a rekey that is interrupted is undone.

The old passphrase still opens what git's history holds: rekeying protects
future versions only. Rotate the secrets themselves if it leaked.`,
		ValidArgsFunction: a.envNames,
		RunE: func(cmd *cobra.Command, args []string) error {
			if keep && newFrom != "" {
				return &usageError{cmd: cmd.CommandPath(), err: errors.New("--keep-passphrase and --new-passphrase-from exclude each other")}
			}
			if err := p.validate(); err != nil {
				return &usageError{cmd: cmd.CommandPath(), err: err}
			}
			envs, err := a.environments(args, hasSealed, "has a sealed secrets file")
			if err != nil {
				return err
			}
			how := (*term.Passphrases).GetNew
			if keep {
				how = (*term.Passphrases).Get
			}
			return a.rekey(cmd.Context(), envs, rekeyRequest{
				newPass: how, newFrom: newFrom, asJSON: asJSON,
				options: sealed.RekeyOptions{Params: p.apply, DryRun: dryRun},
			})
		},
	}
	p.add(cmd)
	cmd.Flags().BoolVar(&keep, "keep-passphrase", false, "change the parameters only")
	cmd.Flags().StringVar(&newFrom, "new-passphrase-from", "", "take the new passphrase from `SOURCE`, as --passphrase-from")
	dryRunFlag(cmd, &dryRun)
	jsonFlag(cmd, &asJSON)
	return cmd
}

type rekeyRequest struct {
	newPass get // how each file's new passphrase is got
	newFrom string
	options sealed.RekeyOptions
	asJSON  bool
}

// rekey reseals the environments' files and reports.
func (a *app) rekey(ctx context.Context, envs []project.Environment, r rekeyRequest) error {
	if _, err := a.sources(r.newFrom); err != nil {
		return err
	}
	var files []sealed.Files
	byName := map[string]project.Environment{}
	for _, env := range envs {
		files = append(files, a.files(env))
		byName[env.Name] = env
	}
	pass := func(how get) func(sealed.Files) sealed.Passphrase {
		return func(f sealed.Files) sealed.Passphrase { return a.passphraseBy(byName[f.Env], how, r.newFrom) }
	}
	results, err := sealed.Rekey(ctx, files, pass((*term.Passphrases).Get), pass(r.newPass), r.options)
	if err != nil {
		return err
	}
	reports := []fileReport{}
	for i := range results {
		a.printResult(&results[i], r.options.DryRun)
		reports = append(reports, a.newFileReport(&results[i]))
	}
	if r.asJSON {
		return a.printJSON(reports)
	}
	return nil
}

// parameterFlags are the key-derivation parameters on a command line; zero
// values keep what the file has.
type parameterFlags struct {
	kdf, digest string
	iterations  int
}

func (p *parameterFlags) add(cmd *cobra.Command) {
	cmd.Flags().IntVar(&p.iterations, "iterations", 0, "PBKDF2 `ROUNDS`")
	cmd.Flags().StringVar(&p.digest, "digest", "", "md5, sha1, sha256, sha384 or sha512")
	cmd.Flags().StringVar(&p.kdf, "kdf", "", "pbkdf2, or EVP_BytesToKey for readers older than OpenSSL 1.1.1")
}

func (p *parameterFlags) validate() error {
	_, isBytesToKey := p.kdfValue()
	switch {
	case p.kdf != "" && !strings.EqualFold(p.kdf, crypto.PBKDF2.String()) && !isBytesToKey:
		return fmt.Errorf("unknown key derivation %q: pbkdf2 or EVP_BytesToKey", p.kdf)
	case isBytesToKey && p.iterations != 0:
		return errors.New("EVP_BytesToKey has no iterations")
	}
	return p.apply(crypto.DefaultParams()).Validate()
}

func (p *parameterFlags) kdfValue() (kdf crypto.KDF, isBytesToKey bool) {
	if strings.EqualFold(p.kdf, crypto.BytesToKey.String()) {
		return crypto.BytesToKey, true
	}
	return crypto.PBKDF2, false
}

// apply returns the parameters of the new file. Iterations imply PBKDF2, as
// OpenSSL's -iter does, and the new file always has a salt: without one
// nothing can be authenticated.
func (p *parameterFlags) apply(old crypto.Params) crypto.Params {
	next := old
	next.NoSalt, next.Salt = false, nil
	if p.kdf != "" || p.iterations != 0 {
		kdf, _ := p.kdfValue()
		if next.KDF != kdf {
			next.KDF, next.Iterations = kdf, crypto.DefaultParams().Iterations
		}
	}
	if p.iterations != 0 {
		next.Iterations = p.iterations
	}
	if next.KDF == crypto.BytesToKey {
		next.Iterations = 0
	}
	if p.digest != "" {
		next.Digest = crypto.Digest(strings.ToLower(p.digest))
	}
	return next
}

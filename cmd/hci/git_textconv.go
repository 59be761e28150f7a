package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"

	"hci/internal/atomicfile"
	"hci/internal/project"
	"hci/internal/sealed"
)

func newGitTextconv(a *app) *cobra.Command {
	var name string
	cmd := &cobra.Command{
		Use:    "textconv FILE",
		Short:  "Print the names of a sealed file, for git's diff",
		Hidden: true,
		Args:   between(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			// Git names the file from its own directory, whatever -C says.
			path, err := filepath.Abs(args[0])
			if err != nil {
				return err
			}
			data, err := atomicfile.Read(path, sealed.MaxSize)
			if err != nil {
				return err
			}
			env, err := a.gitEnvironment(name)
			if err == nil {
				err = a.describe(cmd.Context(), env, data)
			}
			if err != nil { // a diff must not fail for that
				_, err = fmt.Fprintf(a.out, "# %s, %d bytes, SHA-256 %x\n# hci can't show its names: %v\n", name, len(data), sha256.Sum256(data), err)
			}
			return err
		},
	}
	environmentFlag(cmd, &name)
	return cmd
}

// describe prints a version of a sealed file for a diff: its names, each with
// the fingerprint of its value.
func (a *app) describe(ctx context.Context, env project.Environment, data []byte) error {
	if len(data) == 0 {
		return nil // git's side of a file that is not there
	}
	phrase, err := a.passphrase(env)(ctx)
	if err != nil {
		return err
	}
	content, err := a.files(env).OpenVersion(data, phrase, nil)
	if err != nil {
		return err
	}
	if a.getenv("HCI_SHOW_VALUES") == "1" {
		_, err := a.data().Write(content.File.Bytes())
		return err
	}
	prints := sealed.NewFingerprints(phrase)
	_, err = fmt.Fprintf(a.out, "# %s\n", parameters(content.Params, content.Authenticated))
	for _, name := range content.File.Names() {
		value, _ := content.File.Value(name)
		_, werr := fmt.Fprintf(a.out, "%s = %s\n", name, prints.Of(value))
		err = errors.Join(err, werr)
	}
	return err
}

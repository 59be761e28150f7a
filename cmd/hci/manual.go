package main

import (
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"hci/internal/manual"
)

// exitStatuses are the exit codes, in the words of the manual.
func exitStatuses() []manual.ExitStatus {
	return []manual.ExitStatus{
		{Code: "0", Meaning: "done, or in sync"},
		{Code: "1", Meaning: "failed"},
		{Code: "2", Meaning: "differences or findings"},
		{Code: "4", Meaning: "wrong passphrase, or an altered file"},
		{Code: "5", Meaning: "conflict: somebody else changed it, or something would be lost; nothing was written (a parameter that two write in one moment is the exception: the error names both versions)"},
		{Code: "126, 127", Meaning: "the command of 'env run', 'env docker' or 'secrets serve' can't be executed, or is not found"},
		{Code: "130", Meaning: "interrupted"},
	}
}

// documented is the command line as the manual describes it.
func documented() *cobra.Command {
	root := newRoot(newApp(streams{}, nil))
	root.InitDefaultCompletionCmd()
	root.InitDefaultHelpFlag()
	manual.Each(root, func(cmd *cobra.Command) {
		manual.Set(cmd, manual.Beside{ExitCodes: exitWords(cmd), SeeAlso: alsoCommands(cmd)})
	})
	return root
}

// newManual writes the man pages; the release does it.
func newManual(a *app) *cobra.Command {
	return &cobra.Command{
		Use:    "manual DIR",
		Short:  "Write the man pages into a directory",
		Hidden: true,
		Args:   between(1, 1),
		RunE: func(_ *cobra.Command, args []string) error {
			dir, err := a.abs(args[0])
			if err != nil {
				return err
			}
			if err := os.MkdirAll(dir, 0o755); err != nil {
				return err
			}
			v := buildVersion().Version
			var failed error
			manual.Each(documented(), func(cmd *cobra.Command) {
				if err := os.WriteFile(filepath.Join(dir, manual.Name(cmd)+".1"), manual.Man(cmd, v, exitStatuses()), 0o644); err != nil && failed == nil {
					failed = err
				}
			})
			return failed
		},
	}
}

package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"hci/internal/term"
	"hci/tfvars"
)

func newGet(a *app) *cobra.Command {
	var output string
	var force bool
	cmd := &cobra.Command{
		Use:   "get ENV NAME",
		Short: "Print one value",
		Long: `Print one value: exactly its bytes to a pipe or a file, with a newline after it
on a terminal. A number, a bool, a list or an object is printed as Terraform's
tostring and jsonencode write it, which is also how Secrets Manager gets it.`,
		Args: between(2, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			content, err := a.open(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			value, ok := content.File.Value(args[1])
			if !ok {
				return a.unknownName(content.File, args[1], content.Path)
			}
			text, err := tfvars.Text(value)
			if err != nil {
				return fmt.Errorf("%q: %w", args[1], err)
			}
			if output == "" && term.IsTerminal(a.out) && !strings.HasSuffix(text.Reveal(), "\n") {
				_, err = io.WriteString(a.data(), text.Reveal()+"\n")
				return err
			}
			return a.writeOutput(cmd.Context(), output, []byte(text.Reveal()), force)
		},
	}
	cmd.ValidArgsFunction = a.envThenNames
	cmd.Flags().StringVarP(&output, "output", "o", "", "write to `FILE`, mode 0600 (- is standard output)")
	cmd.Flags().BoolVar(&force, "force", false, "overwrite FILE")
	return cmd
}

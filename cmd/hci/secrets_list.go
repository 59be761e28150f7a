package main

import (
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"
)

// listed is one name of a secrets file.
type listed struct {
	Name string `json:"name"`
	Type string `json:"type"`
	File string `json:"file"`
	Line int    `json:"line"`
}

func newList(a *app) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:               "list ENV",
		Short:             "List the names in an environment's secrets file, never the values",
		Args:              between(1, 1),
		ValidArgsFunction: a.envNames,
		RunE: func(cmd *cobra.Command, args []string) error {
			content, err := a.open(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			names, file := []listed{}, a.rel(content.Path)
			for _, name := range content.File.Names() {
				value, _ := content.File.Value(name)
				line, _ := content.File.Pos(name)
				names = append(names, listed{Name: name, Type: value.Type().FriendlyName(), File: file, Line: line})
			}
			if asJSON {
				return a.printJSON(names)
			}
			var table strings.Builder
			w := tabwriter.NewWriter(&table, 0, 0, 2, ' ', 0)
			for _, n := range names {
				fmt.Fprintf(w, "%s\t%s\n", n.Name, n.Type)
			}
			if err := w.Flush(); err != nil {
				return err
			}
			return a.table(table.String())
		},
	}
	jsonFlag(cmd, &asJSON)
	return cmd
}

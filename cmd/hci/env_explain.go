package main

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/spf13/cobra"

	"hci/internal/env/layers"
	"hci/internal/project"
	"hci/internal/terraform"
)

func newExplain(a *app) *cobra.Command {
	var r variablesRequest
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "explain [ENV] KEY",
		Short: "Show which file and line a variable's value comes from",
		Long: `Show every place that sets a variable, the one that counts first: file and line,
what it is, and which Terraform variables or secrets it is made from. The value
is never shown.`,
		Args:              between(1, 2),
		ValidArgsFunction: a.envNames,
		RunE: func(cmd *cobra.Command, args []string) error {
			env, err := a.defaultEnvironment(args[:len(args)-1])
			if err != nil {
				return err
			}
			return a.explain(cmd.Context(), env, args[len(args)-1], r, asJSON)
		},
	}
	r.flags(cmd)
	r.local.flag(cmd)
	jsonFlag(cmd, &asJSON)
	return cmd
}

// explainReport is the JSON form of an explanation.
type explainReport struct {
	Schema      int           `json:"schema"`
	Environment string        `json:"environment"`
	Key         string        `json:"key"`
	Exported    bool          `json:"exported"`
	Layers      []layerReport `json:"layers"` // the one that counts first
}

type layerReport struct {
	Layer   string `json:"layer"`
	File    string `json:"file,omitempty"`
	Line    int    `json:"line,omitempty"`
	From    string `json:"from,omitempty"`
	Dropped bool   `json:"dropped,omitempty"`
	Missing string `json:"missing,omitempty"` // why it has no value
}

func (a *app) explain(ctx context.Context, env project.Environment, key string, r variablesRequest, asJSON bool) error {
	set, err := a.variables(ctx, env, r)
	if err != nil {
		return err
	}
	layers := set.Layers[key]
	if len(layers) == 0 {
		return fmt.Errorf("%s: nothing sets %q%s", env.Name, key, didYouMean(key, slices.Collect(maps.Keys(set.Layers))))
	}
	report := explainReport{Schema: planSchema, Environment: env.Name, Key: key, Exported: layers[0].Known && !layers[0].Dropped}
	for _, v := range layers {
		one := layerReport{Layer: string(v.Layer), File: a.terraformFile(v), Line: v.Line, From: v.From, Dropped: v.Dropped}
		if !v.Known && !v.Dropped {
			one.Missing = v.Reason()
		}
		report.Layers = append(report.Layers, one)
	}
	if asJSON {
		return a.printJSON(report)
	}
	for i, l := range report.Layers {
		if err := a.printLayer(key, i, l); err != nil {
			return err
		}
	}
	return nil
}

// terraformFile is the path of a variable's file as the user would type it; the
// Terraform reader's are relative to the project's root.
func (a *app) terraformFile(v layers.Variable) string {
	if v.Layer != layers.FromEnvironment && v.Layer != layers.FromSecrets {
		return a.rel(v.File)
	}
	return a.rel(terraform.Path(a.found, v.File))
}

func (a *app) printLayer(key string, i int, l layerReport) error {
	place := "the running task definition"
	if l.File != "" {
		place = fmt.Sprintf("%s:%d", l.File, l.Line)
	}
	text := fmt.Sprintf("%s: %s, %s", key, place, l.Layer)
	if i > 0 {
		text = fmt.Sprintf("  overridden: %s, %s", place, l.Layer)
	}
	switch {
	case l.Dropped:
		text += ", drops it"
	case l.Missing != "":
		text += ", has no value: " + l.Missing
	}
	if l.From != "" {
		text += ", from " + l.From
	}
	_, err := fmt.Fprintln(a.out, text)
	return err
}

package main

import (
	"github.com/spf13/cobra"

	"hci/internal/child"
	"hci/internal/docker"
	"hci/internal/privatedir"
)

// newReap is the process that "edit" and "deploy" start to outlive it.
func newReap(a *app) *cobra.Command {
	return &cobra.Command{
		Use:    privatedir.ReapCommand + " DIR",
		Short:  "Remove a private directory when standard input ends",
		Hidden: true,
		Args:   between(1, 1),
		RunE: func(_ *cobra.Command, args []string) error {
			return privatedir.Reap(a.in, args[0], func(dir string) { docker.RemoveLeft(dir, a.environFor(child.Docker)) })
		},
	}
}

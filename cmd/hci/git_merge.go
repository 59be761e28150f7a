package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"

	"hci/internal/atomicfile"
	"hci/internal/project"
	"hci/internal/sealed"
	"hci/sync/secret"
)

func newGitMergeDriver(a *app) *cobra.Command {
	var name string
	var marker int
	cmd := &cobra.Command{
		Use:    "merge-driver BASE OURS THEIRS",
		Short:  "Merge a sealed file by name, for git's merge",
		Hidden: true,
		Args:   between(3, 3),
		RunE: func(cmd *cobra.Command, args []string) error {
			var versions [3][]byte
			for i, arg := range args {
				path, err := filepath.Abs(arg)
				if err != nil {
					return err
				}
				if versions[i], err = atomicfile.Read(path, sealed.MaxSize); err != nil {
					return err
				}
			}
			env, err := a.gitEnvironment(name)
			if err != nil {
				return err
			}
			v := sealed.Versions{Base: versions[0], Ours: versions[1], Theirs: versions[2]}
			if len(v.Base) == 0 {
				v.Base = nil // added on both sides
			}
			merged, err := a.mergeVersions(cmd.Context(), env, v, marker > usualMarker)
			if err != nil {
				return fmt.Errorf("%s: %w", env.Name, err)
			}
			path, err := filepath.Abs(args[1])
			if err != nil {
				return err
			}
			return a.writeAt(path, merged.Sealed, atomicfile.Options{Perm: 0o644})
		},
	}
	environmentFlag(cmd, &name)
	cmd.Flags().IntVar(&marker, "marker-size", usualMarker, "git's %L")
	return cmd
}

// usualMarker is the length of a conflict marker. Git makes it longer where it
// merges the common ancestors of a criss-cross history with each other.
const usualMarker = 7

// mergeVersions merges with the passphrases that can be had without asking.
func (a *app) mergeVersions(ctx context.Context, env project.Environment, v sealed.Versions, ancestors bool) (*sealed.Merged, error) {
	pass := a.eachPassphrase(env, func(version string) (secret.Value, error) {
		return secret.Value{}, fmt.Errorf("no passphrase at hand opens the version of %s", version)
	})
	merged, err := a.files(env).Merge(ctx, v, pass, nil)
	var conflict *sealed.MergeConflictError
	if ancestors && errors.As(err, &conflict) {
		return a.files(env).MergeAncestors(ctx, v, pass, conflict.Conflicts)
	}
	return merged, err
}

package main

import (
	"fmt"
	"maps"
	"path"
	"slices"

	"github.com/spf13/cobra"

	"hci/internal/env/layers"
)

// selection says which keys are wanted, by patterns.
type selection struct{ only, except []string }

func (s *selection) selectFlags(cmd *cobra.Command) {
	cmd.Flags().StringArrayVar(&s.only, "only", nil, "only the keys that match `PATTERN`, such as 'DJANGO_*' (may be repeated)")
	cmd.Flags().StringArrayVar(&s.except, "except", nil, "not the keys that match `PATTERN` (may be repeated)")
}

// wants reports whether a key is wanted.
func (s selection) wants(key string) bool {
	return (len(s.only) == 0 || matches(s.only, key)) && !matches(s.except, key)
}

func matches(patterns []string, key string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool {
		ok, err := path.Match(p, key)
		return ok && err == nil
	})
}

// keep drops the variables that are not wanted. A pattern that no key matches is
// an error: it was meant to match one.
func (s selection) keep(set *layers.Set) error {
	keys := slices.Sorted(maps.Keys(set.Layers))
	for i, p := range slices.Concat(s.only, s.except) {
		flag := "--only"
		if i >= len(s.only) {
			flag = "--except"
		}
		if _, err := path.Match(p, ""); err != nil {
			return fmt.Errorf("%s %q is no pattern: it is a key with *, ? and [a-z]", flag, p)
		}
		if !slices.ContainsFunc(keys, func(key string) bool { return matches([]string{p}, key) }) {
			return fmt.Errorf("%s %q matches no key%s", flag, p, didYouMean(p, keys))
		}
	}
	set.Keep(s.wants)
	return nil
}

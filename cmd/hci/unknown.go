package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/agext/levenshtein"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// oldWords are what scripts before hci called things.
var oldWords = map[string][]string{
	"envsame": {"hci env check"},
	"tf:stag": {"hci tf staging"},
	"tf:prod": {"hci tf production"},
}

// helpOrUnknown is what a command does that only holds others. With a word
// that names none of them it fails, where cobra alone would print the help of
// a subcommand and succeed.
func helpOrUnknown(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return cmd.Help()
	}
	return &usageError{cmd: cmd.CommandPath(), err: unknownCommand(cmd, args[0])}
}

// unknownCommand says which command may have been meant: one of the same name
// elsewhere, or the one with the nearest name.
func unknownCommand(cmd *cobra.Command, word string) error {
	called := append([]string{}, oldWords[word]...)
	var nearest *cobra.Command
	best := max(1, len(word)/3) + 1
	consider := func(c *cobra.Command, farther int) {
		if !c.IsAvailableCommand() {
			return
		}
		d := levenshtein.Distance(word, c.Name(), nil)
		if strings.HasPrefix(c.Name(), word) {
			d = min(d, 1)
		}
		if d+farther < best {
			best, nearest = d+farther, c
		}
	}
	for _, c := range cmd.Commands() {
		consider(c, 0)
	}
	for _, group := range cmd.Root().Commands() {
		for _, c := range group.Commands() {
			if c.Name() == word && c.IsAvailableCommand() {
				called = append(called, c.CommandPath())
			}
			if cmd == cmd.Root() {
				consider(c, 1)
			}
		}
	}
	switch {
	case len(called) > 0:
		return fmt.Errorf("unknown command %q; it is called %s", word, quotedList(called))
	case nearest != nil && nearest.Parent() == cmd:
		return fmt.Errorf("unknown command %q; did you mean %q?", word, nearest.Name())
	case nearest != nil:
		return fmt.Errorf("unknown command %q; did you mean '%s'?", word, nearest.CommandPath())
	}
	return fmt.Errorf("unknown command %q", word)
}

func quotedList(all []string) string {
	return "'" + strings.Join(all, "' or '") + "'"
}

// flagError says in plain words what is wrong with a flag.
func flagError(cmd *cobra.Command, err error) error {
	var value *pflag.InvalidValueError
	var unknown *pflag.NotExistError
	words := cmd.Flags().Args() // that stand before the flag
	switch {
	case cmd.HasSubCommands() && !strings.Contains(cmd.Use, " ") && len(words) > 0:
		err = unknownCommand(cmd, words[0]) // whose flag it would be
	case errors.As(err, &value):
		err = fmt.Errorf("--%s %q: it is %s", value.GetFlag().Name, value.GetValue(), kindOf(value.GetFlag()))
	case errors.As(err, &unknown) && len(unknown.GetSpecifiedName()) > 1:
		var known []string
		cmd.Flags().VisitAll(func(f *pflag.Flag) {
			if !f.Hidden {
				known = append(known, f.Name)
			}
		})
		err = fmt.Errorf("unknown flag --%s%s", unknown.GetSpecifiedName(), didYouMean(unknown.GetSpecifiedName(), known))
	}
	return &usageError{cmd: cmd.CommandPath(), err: err}
}

// kindOf says what a flag takes.
func kindOf(f *pflag.Flag) string {
	switch f.Value.Type() {
	case "int", "int64", "uint", "uint64", "count":
		return "a whole number"
	case "bool":
		return "true or false"
	case "duration":
		return "a time such as 90s, 5m or 2h"
	default:
		return "something else"
	}
}

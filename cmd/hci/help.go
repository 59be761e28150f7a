package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"hci/internal/term"
)

// helpWidth is that of a terminal on which help is read.
const helpWidth = 80

// unopened are the commands that open no sealed file: what is about passphrases does
// not matter to them.
var unopened = []string{
	"deploy history", "deploy login", "deploy logs", "deploy shell", "deploy status", "git install", "git uninstall", "init", "map",
	"passphrase forget", "team list", "trust", "version",
}

// elsewhere are the commands that look at no project.
var elsewhere = []string{"version"}

// otherSteps are the flags of 'hci deploy' that are about a task or a rollout, which
// building and pushing start none of. They are taken all the same.
var otherSteps = []string{"allow-drift", "as-declared", "base", "check-infra", "force", "poll", "timeout", "yes"}

// exits are the exit codes of commands that have others than 0, 1, 4 and 5.
var exits = map[string]string{
	"check": "2 findings", "deploy status": "2 a rollout is under way or has failed", "doctor": "2 a problem", "env check": "2 findings",
	"env docker": "125 docker failed, 126 and 127 it can't be executed or is not there, else the container's",
	"env run":    "126 the command can't be executed, 127 it is not there, else the command's", "git guard": "2 a secret would be published",
	"secrets age": "2 a value is too old", "secrets diff": "2 something differs", "secrets rollback": "2 something could not be compared",
	"secrets serve": "126 the command can't be executed, 127 it is not there, else the command's", "secrets status": "2 something differs",
	"secrets verify": "2 a problem", "team log": "2 with --strict: a commit that no member signed", "team offboarding": "2 there are such values", "tf": "else terraform's",
}

// conflicting are the commands that exit with 5 rather than lose what somebody wrote.
var conflicting = []string{
	"deploy", "deploy migrate", "deploy rollback", "deploy task", "deploy update", "secrets copy", "secrets decrypt", "secrets edit", "secrets encrypt",
	"secrets merge", "secrets pull", "secrets push", "secrets rekey", "secrets rename", "secrets rollback", "secrets set", "secrets unset", "passphrase change",
}

// related are commands to look at next, besides the one above and those below.
var related = map[string][]string{
	"check": {"secrets verify", "map"}, "completion": {"doctor"}, "deploy": {"deploy status", "secrets diff"}, "deploy build": {"deploy push"},
	"deploy history": {"deploy rollback"}, "deploy login": {"deploy push"}, "deploy logs": {"deploy status", "deploy shell"}, "deploy migrate": {"deploy task"},
	"deploy push": {"deploy login", "deploy update"}, "deploy rollback": {"deploy history"}, "deploy shell": {"deploy logs"}, "deploy status": {"deploy history", "deploy logs"},
	"deploy task": {"deploy migrate", "deploy logs"}, "deploy update": {"deploy status", "deploy rollback"}, "doctor": {"init", "check"},
	"env check": {"env export", "env explain"}, "env docker": {"env run"}, "env explain": {"env export", "map"}, "env export": {"env run", "env check", "env explain"},
	"env import": {"env export", "secrets set"}, "env run": {"env export", "secrets serve"}, "git guard": {"git install", "check"}, "git install": {"git guard", "secrets merge"},
	"git uninstall": {"git install"}, "init": {"doctor", "trust"}, "map": {"check", "env explain"}, "passphrase change": {"secrets rekey", "team remove"},
	"passphrase forget": {"passphrase save"}, "passphrase save": {"passphrase show"}, "passphrase show": {"passphrase save"}, "secrets age": {"secrets log"},
	"secrets copy": {"secrets set"}, "secrets decrypt": {"secrets encrypt", "secrets edit"}, "secrets diff": {"secrets push", "secrets pull", "secrets status"},
	"secrets edit": {"secrets set"}, "secrets encrypt": {"secrets decrypt", "secrets verify"}, "secrets get": {"secrets set", "secrets list"},
	"secrets history": {"secrets rollback", "secrets log"}, "secrets list": {"secrets get", "secrets verify"}, "secrets log": {"secrets age", "secrets history"},
	"secrets merge": {"git install"}, "secrets openssl": {"secrets decrypt"}, "secrets pull": {"secrets diff", "secrets push"}, "secrets push": {"secrets diff", "secrets rollback"},
	"secrets rekey": {"passphrase change", "secrets verify"}, "secrets rename": {"secrets copy"}, "secrets repair": {"secrets history"},
	"secrets rollback": {"secrets history", "secrets push"}, "secrets serve": {"env run"}, "secrets set": {"secrets edit", "secrets push"}, "secrets status": {"secrets diff"},
	"secrets unset": {"secrets push"}, "secrets verify": {"check", "secrets rekey"}, "team add": {"team request", "team list"}, "team init": {"team add"},
	"team list": {"team add", "team remove", "team log"}, "team log": {"team list"}, "team offboarding": {"team remove", "secrets set"}, "team remove": {"team offboarding"}, "team request": {"team add"},
	"tf": {"secrets diff"}, "trust": {"passphrase show"}, "version": {"doctor"},
}

// useHelp sets how help is written: the flags that matter to a command, its exit codes
// and what to look at next.
func useHelp(root *cobra.Command) {
	for _, step := range []string{"build", "push"} {
		cmd, _, err := root.Find([]string{"deploy", step})
		if err != nil {
			continue
		}
		for _, name := range otherSteps {
			_ = cmd.Flags().MarkHidden(name) // it is there, as a test proves
		}
	}
	root.SetUsageFunc(func(cmd *cobra.Command) error { return writeUsage(cmd.OutOrStderr(), cmd) })
}

// writeUsage writes what stands below a command's own text.
func writeUsage(w io.Writer, cmd *cobra.Command) error {
	var b strings.Builder
	b.WriteString("Usage:\n")
	if cmd.Runnable() && (cmd.HasParent() && !isGroup(cmd)) {
		fmt.Fprintf(&b, "  %s\n", cmd.UseLine())
	}
	if cmd.HasAvailableSubCommands() {
		fmt.Fprintf(&b, "  %s COMMAND\n", cmd.CommandPath())
	}
	if cmd.Example != "" {
		fmt.Fprintf(&b, "\nExamples:\n%s\n", cmd.Example)
	}
	if cmd.HasAvailableSubCommands() {
		b.WriteString("\nCommands:\n")
		children := slices.DeleteFunc(slices.Clone(cmd.Commands()), func(c *cobra.Command) bool { return !c.IsAvailableCommand() && c.Name() != "help" })
		width := 0
		for _, child := range children {
			width = max(width, len(child.Name()))
		}
		for _, child := range children {
			fmt.Fprintf(&b, "  %-*s  %s\n", width, child.Name(), child.Short)
		}
	}
	section(&b, "Flags", cmd.LocalFlags())
	section(&b, "Flags of all commands", inherited(cmd))
	if also := alsoCommands(cmd); len(also) > 0 {
		last := fmt.Sprintf("Exit codes: %s\nSee also: %s\n", exitWords(cmd), strings.Join(also, ", "))
		b.WriteString("\n" + term.Wrap(last, helpWidth, 12))
	}
	if cmd.HasAvailableSubCommands() {
		fmt.Fprintf(&b, "\n'%s COMMAND --help' tells more about a command.\n", cmd.CommandPath())
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// isGroup reports whether a command only holds others.
func isGroup(cmd *cobra.Command) bool {
	return cmd.HasAvailableSubCommands() && !strings.Contains(cmd.Use, " ")
}

func section(b *strings.Builder, title string, flags *pflag.FlagSet) {
	if flags.HasAvailableFlags() {
		fmt.Fprintf(b, "\n%s:\n%s", title, flags.FlagUsagesWrapped(helpWidth))
	}
}

// inherited are the flags of all commands that matter to this one.
func inherited(cmd *cobra.Command) *pflag.FlagSet {
	name := commandName(cmd)
	matter := pflag.NewFlagSet("", pflag.ContinueOnError)
	cmd.InheritedFlags().VisitAll(func(f *pflag.Flag) {
		about := []string{"passphrase-from", "accept-unauthenticated"}
		switch {
		case isGroup(cmd), cmd.Parent().Name() == "completion", slices.Contains(elsewhere, name):
		case slices.Contains(about, f.Name) && slices.Contains(unopened, name):
		default:
			matter.AddFlag(f)
		}
	})
	return matter
}

// exitWords are a command's exit codes, in a line.
func exitWords(cmd *cobra.Command) string {
	name := commandName(cmd)
	words := []string{"0 done", "1 failed"}
	if more := exits[name]; more != "" {
		words = append(words, more)
	}
	if !slices.Contains(unopened, name) && name != "completion" {
		words = append(words, "4 wrong passphrase or altered file")
	}
	if slices.Contains(conflicting, name) {
		words = append(words, "5 conflict")
	}
	slices.SortStableFunc(words[:], func(a, b string) int { return codeOf(a) - codeOf(b) })
	return strings.Join(words, ", ")
}

// codeOf is the number that words about an exit code begin with; what is about all
// others comes last.
func codeOf(words string) int {
	n := 0
	if _, err := fmt.Sscanf(words, "%d", &n); err != nil {
		return 1000
	}
	return n
}

// alsoCommands are the commands to look at next.
func alsoCommands(cmd *cobra.Command) []string {
	var all []string
	for _, name := range related[commandName(cmd)] {
		all = append(all, cmd.Root().Name()+" "+name)
	}
	return all
}

// Package manual writes the manual of a command line: a man page for each command,
// and one reference in Markdown. What it says is what the commands' --help says. To
// change a command's text, go to the command in cmd/hci.
package manual

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// ExitStatus is what a code means.
type ExitStatus struct{ Code, Meaning string }

// Each calls f for every command that help shows, the root first.
func Each(cmd *cobra.Command, f func(*cobra.Command)) {
	f(cmd)
	for _, child := range cmd.Commands() {
		if child.IsAvailableCommand() && child.Name() != "help" {
			Each(child, f)
		}
	}
}

// Beside is what help and manual say of a command besides its own text.
type Beside struct {
	ExitCodes string   // in a line
	SeeAlso   []string // commands
}

const (
	exitNote = "exit codes"
	alsoNote = "see also"
)

// Set keeps it with the command.
func Set(cmd *cobra.Command, b Beside) {
	cmd.Annotations = map[string]string{exitNote: b.ExitCodes, alsoNote: strings.Join(b.SeeAlso, "\n")}
}

// Name is the name of a command's page: "hci-secrets-diff".
func Name(cmd *cobra.Command) string { return strings.ReplaceAll(cmd.CommandPath(), " ", "-") }

// Man returns the page of a command for section 1, in the macros of man(7). The
// same commands make the same bytes.
func Man(cmd *cobra.Command, version string, codes []ExitStatus) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, ".TH %s 1 \"\" %q %q\n", strings.ToUpper(roff(Name(cmd))), roff("hci "+version), "hci")
	fmt.Fprintf(&b, ".SH NAME\n%s \\- %s\n", roff(Name(cmd)), roff(cmd.Short))
	fmt.Fprintf(&b, ".SH SYNOPSIS\n.B %s\n", roff(usage(cmd)))
	b.WriteString(".SH DESCRIPTION\n")
	text := cmd.Long
	if text == "" {
		text = cmd.Short + "."
	}
	for i, paragraph := range strings.Split(text, "\n\n") {
		if i > 0 {
			b.WriteString(".PP\n")
		}
		b.WriteString(roff(paragraph) + "\n")
	}
	options(&b, "OPTIONS", cmd.NonInheritedFlags())
	options(&b, "OPTIONS OF ALL COMMANDS", cmd.InheritedFlags())
	if cmd.Example != "" {
		fmt.Fprintf(&b, ".SH EXAMPLES\n.nf\n%s\n.fi\n", roff(strings.TrimRight(cmd.Example, "\n")))
	}
	b.WriteString(".SH EXIT STATUS\n")
	for _, c := range codes {
		fmt.Fprintf(&b, ".TP\n.B %s\n%s\n", roff(c.Code), roff(c.Meaning))
	}
	if also := seeAlso(cmd); len(also) > 0 {
		fmt.Fprintf(&b, ".SH SEE ALSO\n%s\n", strings.Join(also, ",\n"))
	}
	return b.Bytes()
}

// usage is a command's usage line, without the word for flags.
func usage(cmd *cobra.Command) string {
	if cmd.HasAvailableSubCommands() && !cmd.Runnable() {
		return cmd.CommandPath() + " COMMAND"
	}
	return strings.TrimSuffix(cmd.UseLine(), " [flags]")
}

func options(b *bytes.Buffer, title string, flags *pflag.FlagSet) {
	if !flags.HasAvailableFlags() {
		return
	}
	fmt.Fprintf(b, ".SH %s\n", title)
	flags.VisitAll(func(f *pflag.Flag) {
		if f.Hidden {
			return
		}
		value, text := pflag.UnquoteUsage(f)
		short := ""
		if f.Shorthand != "" {
			short = `\fB\-` + f.Shorthand + `\fR, `
		}
		if value != "" {
			value = ` \fI` + roff(value) + `\fR`
		}
		fmt.Fprintf(b, ".TP\n%s\\fB\\-\\-%s\\fR%s\n%s\n", short, roff(f.Name), value, roff(text))
	})
}

// seeAlso names the pages of the parent and of the children.
func seeAlso(cmd *cobra.Command) []string {
	var also []string
	page := func(c *cobra.Command) { also = append(also, fmt.Sprintf("\\fB%s\\fR(1)", roff(Name(c)))) }
	if cmd.HasParent() {
		page(cmd.Parent())
	}
	for _, child := range cmd.Commands() {
		if child.IsAvailableCommand() && child.Name() != "help" {
			page(child)
		}
	}
	if more := cmd.Annotations[alsoNote]; more != "" {
		for _, path := range strings.Split(more, "\n") {
			also = append(also, fmt.Sprintf("\\fB%s\\fR(1)", roff(strings.ReplaceAll(path, " ", "-"))))
		}
	}
	return also
}

// roff writes text so that troff prints it as it stands.
func roff(text string) string {
	text = strings.NewReplacer(`\`, `\e`, "-", `\-`, "'", `\(aq`, "`", `\(ga`, "^", `\(ha`, "~", `\(ti`).Replace(text)
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		if strings.HasPrefix(line, ".") {
			lines[i] = `\&` + line
		}
	}
	return strings.Join(lines, "\n")
}

// Markdown returns one reference of all commands.
func Markdown(root *cobra.Command, codes []ExitStatus) []byte {
	var b bytes.Buffer
	b.WriteString("# The commands\n\nMade from `--help` by `go test ./cmd/hci -run Readme -update`.\n")
	Each(root, func(cmd *cobra.Command) {
		if cmd.HasAvailableSubCommands() && (cmd == root || !strings.Contains(cmd.Use, "[")) {
			return
		}
		if cmd.HasParent() && cmd.Parent().Name() == "completion" {
			return // cobra's own, about one shell each
		}
		fmt.Fprintf(&b, "\n## %s\n\n%s.\n\n    %s\n", cmd.CommandPath(), strings.TrimSuffix(cmd.Short, "."), usage(cmd))
		if cmd.Long != "" {
			fmt.Fprintf(&b, "\n%s\n", markdown(cmd.Long))
		}
		if flags := strings.TrimRight(cmd.NonInheritedFlags().FlagUsages(), "\n"); flags != "" {
			fmt.Fprintf(&b, "\n```\n%s\n```\n", flags)
		}
		if codes := cmd.Annotations[exitNote]; codes != "" && cmd.Annotations[alsoNote] != "" {
			fmt.Fprintf(&b, "\nExit codes: %s. See also: %s.\n", codes, strings.ReplaceAll(cmd.Annotations[alsoNote], "\n", ", "))
		}
		if cmd.Example != "" {
			fmt.Fprintf(&b, "\n```sh\n%s\n```\n", outdent(cmd.Example))
		}
	})
	fmt.Fprintf(&b, "\n## Flags of all commands\n\n```\n%s\n```\n\n## Exit codes\n\n", strings.TrimRight(root.PersistentFlags().FlagUsages(), "\n"))
	for _, c := range codes {
		fmt.Fprintf(&b, "- %s: %s\n", c.Code, c.Meaning)
	}
	return b.Bytes()
}

// markdown keeps what Markdown would take for its own.
func markdown(text string) string {
	return strings.NewReplacer("<", `\<`, "*", `\*`, "_", `\_`).Replace(text)
}

func outdent(text string) string {
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	for i := range lines {
		lines[i] = strings.TrimPrefix(lines[i], "  ")
	}
	return strings.Join(lines, "\n")
}

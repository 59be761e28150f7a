package main

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
	"text/tabwriter"

	"github.com/spf13/cobra"
)

var update = flag.Bool("update", false, "rewrite the README's command table")

const readme = "../../README.md"

// TestReadmeCommands keeps the README's list of commands equal to --help.
func TestReadmeCommands(t *testing.T) {
	text, err := os.ReadFile(readme)
	if err != nil {
		t.Fatal(err)
	}
	const begin, end = "<!-- commands: go test ./cmd/hci -run Readme -update -->\n", "<!-- end of commands -->\n"
	before, rest, ok1 := strings.Cut(string(text), begin)
	old, after, ok2 := strings.Cut(rest, end)
	if !ok1 || !ok2 {
		t.Fatal("the README has no place for the commands")
	}
	want := commandTable()
	if old == want {
		return
	}
	if !*update {
		t.Fatal("the README's commands are not those of --help; run with -update")
	}
	if err := os.WriteFile(readme, []byte(before+begin+want+end+after), 0o644); err != nil {
		t.Fatal(err)
	}
}

// commandTable lists every command with the words of its --help.
func commandTable() string {
	var b bytes.Buffer
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "```")
	root := newRoot(newApp(streams{}, nil))
	root.InitDefaultCompletionCmd()
	var list func(*cobra.Command)
	list = func(c *cobra.Command) {
		for _, child := range c.Commands() {
			switch {
			case !child.IsAvailableCommand() || child.Name() == "help":
			case child.HasAvailableSubCommands() && child.Name() != "completion":
				if strings.Contains(child.Use, "[") { // it does something by itself
					fmt.Fprintf(w, "%s\t%s\n", strings.TrimSuffix(child.UseLine(), " [flags]"), child.Short)
				}
				list(child)
			default:
				use := strings.TrimSuffix(child.UseLine(), " [flags]")
				fmt.Fprintf(w, "%s\t%s\n", use, child.Short)
			}
		}
	}
	list(root)
	fmt.Fprintln(w, "```")
	_ = w.Flush()
	return b.String()
}

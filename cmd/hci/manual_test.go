package main

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"hci/internal/manual"
	"hci/sync/dotenv"
)

const reference = "../../docs/commands.md"

// TestReadmeReference holds docs/commands.md against the commands.
func TestReadmeReference(t *testing.T) {
	want := string(manual.Markdown(documented(), exitStatuses()))
	old, err := os.ReadFile(reference)
	if err != nil && !*update {
		t.Fatal(err)
	}
	if string(old) == want {
		return
	}
	if !*update {
		t.Fatal("docs/commands.md is not what --help says; run with -update")
	}
	if err := os.WriteFile(reference, []byte(want), 0o644); err != nil {
		t.Fatal(err)
	}
}

// TestReadmeExamples wants an example in the help of every command that does something.
func TestReadmeExamples(t *testing.T) {
	manual.Each(documented(), func(cmd *cobra.Command) {
		if cmd.Name() == "completion" || cmd.Parent() != nil && cmd.Parent().Name() == "completion" || cmd.HasAvailableSubCommands() && !strings.Contains(cmd.Use, "[") {
			return
		}
		if !strings.Contains(cmd.Example, cmd.CommandPath()) {
			t.Errorf("%s has no example", cmd.CommandPath())
		}
		for line := range strings.Lines(cmd.Example) {
			if err := parses(line); err != nil {
				t.Errorf("%s: the example %q: %v", cmd.CommandPath(), strings.TrimSpace(line), err)
			}
		}
	})
}

// parses reports what hci would say about the words of a command line, without
// doing anything.
func parses(line string) error {
	line, _, _ = strings.Cut(line, "#")
	line, _, _ = strings.Cut(line, " > ")
	_, line, found := strings.Cut(" "+line, " hci ")
	if !found {
		return nil
	}
	words := strings.Fields(strings.NewReplacer("'", "", `"`, "", ")", "").Replace(line))
	cmd, args, err := documented().Find(words)
	if err != nil {
		return err
	}
	if err := cmd.ParseFlags(args); err != nil {
		return err
	}
	return cmd.ValidateArgs(cmd.Flags().Args())
}

// TestHelpIsWhole wants exit codes, what to look at next and at most 80 columns in the
// help of every command that does something, and no flag that does not matter to it.
func TestHelpIsWhole(t *testing.T) {
	root := documented()
	known := map[string]bool{}
	manual.Each(root, func(cmd *cobra.Command) { known[commandName(cmd)] = true })
	lists := slices.Concat(unopened, elsewhere, conflicting, slices.Collect(maps.Keys(exits)), slices.Collect(maps.Keys(related)), slices.Concat(slices.Collect(maps.Values(related))...))
	for _, name := range lists {
		if !known[name] {
			t.Errorf("%q is no command", name)
		}
	}
	for _, step := range []string{"build", "push"} {
		cmd, _, err := root.Find([]string{"deploy", step})
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range otherSteps {
			if f := cmd.Flags().Lookup(name); f == nil || !f.Hidden {
				t.Errorf("deploy %s: --%s is not a hidden flag", step, name)
			}
		}
	}
	manual.Each(root, func(cmd *cobra.Command) {
		if cmd.HasParent() && cmd.Parent().Name() == "completion" {
			return
		}
		cmd.LocalNonPersistentFlags().VisitAll(func(f *pflag.Flag) {
			if cmd.HasParent() && root.PersistentFlags().Lookup(f.Name) != nil {
				t.Errorf("%s: its --%s hides the one of all commands", cmd.CommandPath(), f.Name)
			}
		})
		help := cmd.UsageString()
		if isGroup(cmd) {
			help += "\nExit codes: 0 done, 1 failed\nSee also: hci "
		}
		if related[commandName(cmd)] == nil && !isGroup(cmd) || !strings.Contains(help, "\nExit codes: 0 done, 1 failed") || !strings.Contains(help, "\nSee also: hci ") {
			t.Errorf("%s lacks exit codes, or what to look at next", cmd.CommandPath())
		}
		for line := range strings.Lines(help) {
			if n := utf8.RuneCountInString(strings.TrimSuffix(line, "\n")); n > helpWidth && !strings.HasPrefix(line, "  hci ") { // examples are to be copied
				t.Errorf("%s: %d columns: %s", cmd.CommandPath(), n, line)
			}
		}
	})
	if help := must(root.Find([]string{"version"})).UsageString(); strings.Contains(help, "--passphrase-from") || strings.Contains(help, "--root") {
		t.Errorf("version: flags that don't matter:\n%s", help)
	}
	if help := must(root.Find([]string{"map"})).UsageString(); strings.Contains(help, "--passphrase-from") || !strings.Contains(help, "--root") {
		t.Errorf("map: not the flags that matter:\n%s", help)
	}
}

func must(cmd *cobra.Command, _ []string, err error) *cobra.Command {
	if err != nil {
		panic(err)
	}
	return cmd
}

// TestManPages writes every page, and looks for what troff would take for a
// request.
func TestManPages(t *testing.T) {
	pages := 0
	manual.Each(documented(), func(cmd *cobra.Command) {
		pages++
		page := string(manual.Man(cmd, "1.2.3", exitStatuses()))
		for line := range strings.Lines(page) {
			if strings.HasPrefix(line, "'") || strings.HasPrefix(line, ".") && !strings.HasPrefix(line, ".SH ") && !strings.HasPrefix(line, ".TH ") &&
				!strings.HasPrefix(line, ".B ") && line != ".TP\n" && line != ".PP\n" && line != ".nf\n" && line != ".fi\n" {
				t.Errorf("%s: a line that troff would take for a request: %s", manual.Name(cmd), line)
			}
		}
		if !strings.Contains(page, ".SH NAME\n") || !strings.Contains(page, ".SH EXIT STATUS\n") {
			t.Errorf("%s lacks a section", manual.Name(cmd))
		}
	})
	if pages < 40 {
		t.Errorf("only %d pages", pages)
	}
}

// TestReadmeFormats wants every format in the page about them.
func TestReadmeFormats(t *testing.T) {
	page, err := os.ReadFile("../../docs/environment.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range dotenv.Names()[1:] {
		if !strings.Contains(string(page), "`"+name+"`") {
			t.Errorf("docs/environment.md does not name the format %s", name)
		}
	}
}

// TestReadmeCommandLines holds every command line of the documents against the
// commands: they exist, with these flags and as many words.
func TestReadmeCommandLines(t *testing.T) {
	pages, err := filepath.Glob("../../docs/*.md")
	if err != nil || len(pages) < 5 {
		t.Fatalf("only %d pages: %v", len(pages), err)
	}
	lines := 0
	for _, page := range append(pages, readme) {
		if page == reference {
			continue // it is made from the commands
		}
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			line = strings.TrimPrefix(strings.TrimSpace(line), "$ ")
			if !strings.HasPrefix(line, "hci ") || strings.Contains(line, "…") || strings.Contains(line, "[ENV") || strings.Contains(line, "[--") {
				continue
			}
			if strings.Contains(string(text), "<!-- commands") && strings.Contains(line, "    ") && !strings.Contains(line, "#") {
				continue // the table of commands
			}
			lines++
			if err := parses(line); err != nil {
				t.Errorf("%s: %s: %v", filepath.Base(page), line, err)
			}
		}
	}
	if lines < 20 {
		t.Errorf("only %d command lines", lines)
	}
}

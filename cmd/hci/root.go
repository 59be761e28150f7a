package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"hci/internal/child"
)

// streams are the process's standard streams: out is for data, err for talk.
type streams struct {
	in       io.Reader
	out, err io.Writer
}

// run executes one command line and returns the exit code.
func run(ctx context.Context, args []string, s streams, environ []string) int {
	a := newApp(s, environ)
	root := newRoot(a)
	root.SetArgs(args)
	if i := slices.Index(args, "--json"); i >= 0 {
		a.askedJSON = !slices.Contains(args[:i], "--")
	}
	if len(args) > 0 && strings.HasPrefix(args[0], "__complete") { // what a shell calls on TAB
		a.addCompletions(root)
	}
	var cmd *cobra.Command
	err := withoutValues(func() (err error) {
		cmd, err = root.ExecuteContextC(ctx)
		return err
	})
	code := a.report(cmd, err)
	if err := a.flushJSON(); err != nil {
		a.sayf("%v", err)
		code = worse(code, exitFailed)
	}
	var ended *child.ExitError
	var said *saidError // by what was decided after the interrupt
	if ctx.Err() != nil && err != nil && !errors.As(err, &ended) && !errors.As(err, &said) {
		return exitInterrupted
	}
	return code
}

// panicError is a fault in hci itself. The value of a panic is not shown: it can
// hold what was being worked on.
type panicError struct{ place string }

func (e *panicError) Error() string {
	return "a fault in hci itself, at " + e.place + "; what had been written until then is whole"
}

// Next says what to do about it.
func (e *panicError) Next() string {
	return "please report this line, with the command and the version ('hci version')"
}

// withoutValues turns a panic into an error that says where it came from.
func withoutValues(f func() error) (err error) {
	defer func() {
		if recover() == nil {
			return
		}
		var callers [32]uintptr
		frames := runtime.CallersFrames(callers[:runtime.Callers(2, callers[:])])
		place := "an unknown place"
		for {
			frame, more := frames.Next()
			if strings.HasPrefix(frame.Function, "hci/") || strings.HasPrefix(frame.Function, "main.") && !strings.Contains(frame.Function, "withoutValues") {
				place = fmt.Sprintf("%s:%d", filepath.Base(frame.File), frame.Line)
				break
			}
			if !more {
				break
			}
		}
		err = &panicError{place: place}
	}()
	return f()
}

func newRoot(a *app) *cobra.Command {
	showVersion := false
	root := &cobra.Command{
		Use:   "hci",
		Short: "One source for a team's secrets: sealed in git, in Secrets Manager, in .env",
		Long: `hci keeps a team's secrets in one place. They lie in a tfvars file that
OpenSSL's AES-256-CBC seals in git; Terraform declares which of them are
secrets in AWS Secrets Manager; hci opens, edits, compares, pushes and exports
them without plaintext on disk.

Terraform is the configuration: in a repository with *_secrets.tfvars.enc and
a Terraform directory, no file of hci's own is needed.`,
		SilenceErrors:    true,
		SilenceUsage:     true,
		Args:             cobra.ArbitraryArgs,
		PersistentPreRun: func(cmd *cobra.Command, _ []string) { a.command = commandName(cmd) },
		RunE: func(cmd *cobra.Command, args []string) error {
			if showVersion {
				return a.printVersion()
			}
			return helpOrUnknown(cmd, args)
		},
	}
	root.SetIn(a.in)
	root.SetOut(a.out)
	root.SetErr(a.err)
	root.SetFlagErrorFunc(flagError)
	root.Flags().BoolVarP(&showVersion, "version", "v", false, "print the version, as 'hci version' does")
	flags := root.PersistentFlags()
	flags.StringVarP(&a.dir, "directory", "C", ".", "act as if started in `DIR`")
	flags.StringVar(&a.workspace, "workspace", "", "Terraform `WORKSPACE` of a project with one secrets.tfvars")
	flags.StringVar(&a.root, "root", "", "of several Terraform roots, act on `NAME`")
	flags.StringVar(&a.passphraseFrom, "passphrase-from", "", "take the passphrase from `SOURCE`: env:NAME, file:PATH, fd:N or stdin")
	flags.BoolVar(&a.plain, "plain", false, "never write over a line on the terminal, for screen readers; as with TERM=dumb")
	flags.BoolVar(&a.accept, "accept-unauthenticated", false, "use a sealed file that was altered, or is another environment's, or weaker than declared")
	root.AddGroup(&cobra.Group{ID: "main", Title: "Commands:"})
	for _, c := range []*cobra.Command{newSecrets(a), newEnv(a), newTf(a), newDeploy(a), newLint(a), newGit(a), newTeam(a), newInit(a), newMap(a), newDoctor(a), newPassphrase(a), newTrust(a), newVersion(a)} {
		c.GroupID = "main"
		root.AddCommand(c)
	}
	root.AddCommand(newReap(a), newManual(a))
	root.SetHelpCommandGroupID("main")
	root.SetCompletionCommandGroupID("main")
	addExamples(root)
	useHelp(root)
	return root
}

// group returns a command that only holds others.
func group(use, short string, children ...*cobra.Command) *cobra.Command {
	g := &cobra.Command{Use: use, Short: short, RunE: helpOrUnknown}
	g.AddCommand(children...)
	return g
}

func newSecrets(a *app) *cobra.Command {
	return group("secrets", "Work on an environment's secrets",
		newDecrypt(a), newEncrypt(a), newVerify(a), newRekey(a), newOpenSSL(a),
		newList(a), newLog(a), newAge(a), newGet(a), newSet(a), newUnset(a), newRename(a), newEdit(a),
		newDiff(a), newPush(a), newPull(a), newMerge(a), newRollback(a), newHistory(a), newRepair(a), newCopy(a), newStatus(a), newServe(a))
}

func newEnv(a *app) *cobra.Command {
	return group("env", "Work with the variables that the app sees in an environment", newExport(a), newExplain(a), newRun(a), newEnvDocker(a), newCheck(a), newImport(a))
}

// between accepts min to max words after a command; max < 0 is no limit.
func between(min, max int) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) >= min && (max < 0 || len(args) <= max) {
			return nil
		}
		return &usageError{cmd: cmd.CommandPath(), err: fmt.Errorf("usage: %s", cmd.UseLine())}
	}
}

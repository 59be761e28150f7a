package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"

	"hci/internal/atomicfile"
	"hci/internal/env/files"
	"hci/sync/dotenv"
)

// maxEnvFile bounds the size of a .env file in bytes.
const maxEnvFile = 16 << 20

// readEnvFile reads a .env file that somebody has, and returns its path.
func (a *app) readEnvFile(ctx context.Context, name, format string) (*files.File, string, error) {
	path, err := a.abs(name)
	if err != nil {
		return nil, "", err
	}
	data, err := a.readAt(ctx, path, maxEnvFile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, "", &noEnvFileError{a.rel(path)}
	}
	if err != nil {
		return nil, "", err
	}
	file, err := files.Read(data, a.rel(path), format)
	return file, path, err
}

// noEnvFileError says that there is no file to read.
type noEnvFileError struct{ path string }

func (e *noEnvFileError) Error() string { return "there is no file " + e.path }

// Next returns the command that makes the file.
func (e *noEnvFileError) Next() string {
	return fmt.Sprintf("'hci env export -o %s' writes it", e.path)
}

// writeGitHub adds variables to the file of a job's environment. Where a runner
// is there to see it, it is told first to hide the values: on standard output
// or, if that is the file, on standard error, which it reads as well.
//
// https://docs.github.com/actions/writing-workflows/choosing-what-your-workflow-does/workflow-commands-for-github-actions
func (a *app) writeGitHub(ctx context.Context, entries []dotenv.Entry, data []byte, output string) error {
	toFile := output != "" && output != "-"
	if a.getenv("GITHUB_ACTIONS") == "true" {
		masks := a.raw.err
		if toFile {
			masks = a.raw.out
		}
		if _, err := masks.Write(dotenv.Masks(entries)); err != nil {
			return err
		}
	}
	if !toFile {
		_, err := a.data().Write(data)
		return err
	}
	path, err := a.abs(output)
	if err != nil {
		return err
	}
	current, err := a.readAt(ctx, path, maxEnvFile)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if len(current) > 0 && !bytes.HasSuffix(current, []byte("\n")) {
		current = append(current, '\n')
	}
	return a.writeAt(path, append(current, data...), atomicfile.Options{})
}

// renewEnvFile writes variables to the file named by -o. The file ends in a
// marker, below which a person's own lines are kept; what somebody changed above
// it, or set to another value in a file that hci did not make, is not
// overwritten unless forced.
func (a *app) renewEnvFile(ctx context.Context, dialect dotenv.Dialect, made []byte, entries []dotenv.Entry, r exportRequest) error {
	path, err := a.abs(r.output)
	if err != nil {
		return err
	}
	defer a.warnGit(ctx, path)()
	current, err := a.readAt(ctx, path, maxEnvFile)
	there := !errors.Is(err, fs.ErrNotExist)
	if err != nil && there {
		return err
	}
	data, err := files.Renew(current, made, entries, r.force)
	if err != nil {
		return &keptError{path: a.rel(path), err: err}
	}
	if data, err = withAnswers(data, dialect, r.local.given()); err != nil {
		return err
	}
	return a.writeAt(path, data, atomicfile.Options{Check: func(now []byte, still bool) error {
		if still != there || string(now) != string(current) {
			return errors.New(a.rel(path) + " changed meanwhile; nothing was written")
		}
		return nil
	}})
}

// keptError says that a file was left as it is.
type keptError struct {
	path string
	err  error
}

func (e *keptError) Error() string { return e.path + " is there already, and " + e.err.Error() }
func (e *keptError) Unwrap() error { return e.err }

// Next returns the ways to go on.
func (e *keptError) Next() string {
	var override *files.OverrideError
	switch {
	case errors.As(e.err, &override) && len(override.Keys) == 1:
		return fmt.Sprintf("--except %s keeps the value of the file; --force writes the one of the environment", override.Keys[0])
	case errors.As(e.err, &override):
		return "--except KEY keeps a value of the file; --force writes those of the environment"
	case errors.Is(e.err, files.ErrEdited):
		return "--force writes hci's lines again; the lines below them stay"
	default:
		return "give the file another name first, and bring back by hand what you need of it"
	}
}

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
func (a *app) readEnvFile(name, format string) (*files.File, string, error) {
	path, err := a.abs(name)
	if err != nil {
		return nil, "", err
	}
	data, err := atomicfile.Read(path, maxEnvFile)
	if err != nil {
		return nil, "", err
	}
	file, err := files.Read(data, a.rel(path), format)
	return file, path, err
}

// writeGitHub adds variables to the file of a job's environment. Where a runner
// is there to see it, it is told first to hide the values: on standard output
// or, if that is the file, on standard error, which it reads as well.
//
// https://docs.github.com/actions/writing-workflows/choosing-what-your-workflow-does/workflow-commands-for-github-actions
func (a *app) writeGitHub(entries []dotenv.Entry, data []byte, output string) error {
	toFile := output != "" && output != "-"
	if a.getenv("GITHUB_ACTIONS") == "true" {
		masks := a.err
		if toFile {
			masks = a.out
		}
		if _, err := masks.Write(dotenv.Masks(entries)); err != nil {
			return err
		}
	}
	if !toFile {
		_, err := a.out.Write(data)
		return err
	}
	path, err := a.abs(output)
	if err != nil {
		return err
	}
	current, err := atomicfile.Read(path, maxEnvFile)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if len(current) > 0 && !bytes.HasSuffix(current, []byte("\n")) {
		current = append(current, '\n')
	}
	return atomicfile.Write(path, append(current, data...), atomicfile.Options{})
}

// writeEnvFile writes variables to the file named by -o. In a dialect with
// comments the file ends in a marker, below which a person's own lines are kept;
// a file that hci did not make, or that somebody changed above the marker, is
// not overwritten unless forced.
func (a *app) writeEnvFile(ctx context.Context, made []byte, r exportRequest) error {
	if r.output == "" || r.output == "-" || !r.dialect.Comments() || r.noHeader {
		return a.writeOutput(ctx, r.output, made, r.force)
	}
	path, err := a.abs(r.output)
	if err != nil {
		return err
	}
	defer a.warnGit(ctx, path)()
	current, err := atomicfile.Read(path, maxEnvFile)
	there := !errors.Is(err, fs.ErrNotExist)
	if err != nil && there {
		return err
	}
	data, err := files.Renew(current, made, r.force)
	if err != nil {
		return fmt.Errorf("%s is there already, and %w; --force overwrites it", a.rel(path), err)
	}
	return atomicfile.Write(path, data, atomicfile.Options{Check: func(now []byte, still bool) error {
		if still != there || string(now) != string(current) {
			return errors.New(a.rel(path) + " changed meanwhile; nothing was written")
		}
		return nil
	}})
}

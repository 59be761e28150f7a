package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"hci/internal/atomicfile"
	"hci/internal/envfile"
)

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
	data, err := envfile.Renew(current, made, r.force)
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

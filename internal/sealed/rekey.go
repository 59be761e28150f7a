package sealed

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"hci/crypto"
	"hci/internal/atomicfile"
	"hci/sync/secret"
)

// journalName is the file in the state directory that stands while a rekey
// replaces files. Removing it is what completes the rekey.
const journalName = "rekey.json"

// journal holds what undoes a rekey that was interrupted. Both texts are
// ciphertext. The mode is no part of it: a file that is put back keeps the one
// it has.
type journal struct {
	Files []journalEntry `json:"files"`
}

type journalEntry struct {
	Path string `json:"path"`
	Old  []byte `json:"old"` // the sealed file before, whole
	New  string `json:"new"` // SHA-256 of the sealed file after, in hex
}

// RekeyOptions of [Rekey].
type RekeyOptions struct {
	// Params returns the new parameters; nil keeps the old ones, or, where those
	// are weaker than declared, takes the declared ones.
	Params func(old crypto.Params) crypto.Params
	DryRun bool
}

// UndeclaredError says that nobody could open a file with these parameters
// without being told them, and hci.hcl does not declare them.
type UndeclaredError struct {
	Env    string
	Params crypto.Params
}

func (e *UndeclaredError) Error() string {
	return fmt.Sprintf("%s: a file with %s is not opened without hci.hcl declaring that; nothing was written", e.Env, e.Params)
}

// Rekey seals every file under a new passphrase, or under other parameters,
// all of them or none: each is opened with pass and resealed, and each result
// proved to open, before the first is replaced; if replacing is interrupted,
// even by the machine stopping, the next [Recover] puts the old ones back.
func Rekey(ctx context.Context, files []Files, pass, newPass func(Files) Passphrase, o RekeyOptions) ([]Result, error) {
	if len(files) == 0 {
		return nil, nil
	}
	unlock, err := files[0].lock()
	if err != nil {
		return nil, err
	}
	defer unlock()
	contents, before, err := openForRekey(ctx, files, pass)
	if err != nil {
		return nil, err
	}
	after := make([]secret.Value, len(files))
	results := make([]Result, len(files))
	sealedBytes := make([][]byte, len(files))
	var j journal
	for i, f := range files {
		params, err := f.rekeyed(contents[i].Params, o.Params)
		if err != nil {
			return nil, err
		}
		if !params.Usual() && !slices.ContainsFunc(f.Params, params.Equal) {
			return nil, &UndeclaredError{Env: f.Env, Params: params}
		}
		if after[i], err = newPass(f)(ctx); err != nil {
			return nil, err
		}
		data, err := f.seal(contents[i].File.Bytes(), after[i], params)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", f.Sealed, err)
		}
		sealedBytes[i] = data
		results[i] = Result{
			Env: f.Env, From: f.Sealed, To: f.Sealed, Params: params,
			Authenticated: !params.NoSalt, Wrote: !bytes.Equal(data, contents[i].sealed), Notes: f.adopted(contents[i], params),
		}
		j.Files = append(j.Files, journalEntry{Path: f.Sealed, Old: contents[i].sealed, New: digest(data)})
	}
	if o.DryRun {
		return results, nil
	}
	if err := replaceAll(files[0], j, sealedBytes); err != nil {
		return nil, err
	}
	for i, f := range files {
		f.sealedBy(sealedBytes[i], results[i].Params)
		f.wrote(Version{sealedBytes[i], contents[i].File, results[i].Params, after[i], before[i]})
		if f.base() == digest(contents[i].sealed) {
			results[i].Notes = append(results[i].Notes, f.remember(sealedBytes[i])...)
		}
	}
	return results, nil
}

// openForRekey opens all files, and returns the passphrases that opened them.
func openForRekey(ctx context.Context, files []Files, pass func(Files) Passphrase) ([]*Content, []secret.Value, error) {
	contents, phrases := make([]*Content, len(files)), make([]secret.Value, len(files))
	for i, f := range files {
		f.raise = true
		var err error
		contents[i], err = f.OpenSealed(ctx, func(ctx context.Context) (secret.Value, error) {
			phrase, err := pass(f)(ctx)
			phrases[i] = phrase
			return phrase, err
		})
		if err != nil {
			return nil, nil, err
		}
	}
	return contents, phrases, nil
}

// rekeyed returns the parameters of a file's successor. What is declared in
// hci.hcl is a floor.
func (f Files) rekeyed(old crypto.Params, change func(crypto.Params) crypto.Params) (crypto.Params, error) {
	params := old
	if change != nil {
		params = change(old)
	}
	if !f.belowDeclared(params) {
		return params, nil
	}
	salted := func(p crypto.Params) crypto.Params { p.NoSalt, p.Salt = false, nil; return p }
	if salted(params).Equal(salted(old)) { // no others were asked for
		params = f.Params[0]
		params.Encoding = old.Encoding
		return params, nil
	}
	return params, fmt.Errorf("%s: %s is weaker than hci.hcl declares (%s); nothing was written", f.Env, params, f.Params[0])
}

// replaceAll writes data to the journal's files, all or none.
func replaceAll(f Files, j journal, data [][]byte) error {
	text, err := json.Marshal(j)
	if err != nil {
		return err
	}
	path := filepath.Join(f.StateDir, journalName)
	if err := atomicfile.Write(path, text, atomicfile.Options{}); err != nil {
		return err
	}
	for i, entry := range j.Files {
		if err := replace(f.Root, entry.Path, entry.Old, data[i], permOf(entry.Path)); err != nil {
			_, undo := recoverJournal(f.Root, path, pathsOf(j))
			return errors.Join(err, undo)
		}
	}
	return os.Remove(path)
}

// pathsOf are the files of a journal that this process has made.
func pathsOf(j journal) []string {
	paths := make([]string, len(j.Files))
	for i, entry := range j.Files {
		paths[i] = entry.Path
	}
	return paths
}

// JournalError says that the journal of an interrupted rekey asks for something
// that no rekey of this project can have written. Nothing was put back.
type JournalError struct{ Path, Problem string }

func (e *JournalError) Error() string {
	return fmt.Sprintf("%s, the journal of an interrupted rekey, %s; nothing was put back", e.Path, e.Problem)
}

// Next says what to do about it.
func (e *JournalError) Next() string {
	return "see with 'git status' whether a sealed file changed, then remove the journal"
}

// Recover ends a rekey that was interrupted: if every file is the new one,
// the rekey is complete; else the files that were replaced get their old
// content back. It returns the files it put back. A command that is about to
// read or write sealed files calls it first.
//
// It writes to none but the sealed files of this project, which it is given, and
// nothing but a sealed file's content; it fails with a [*JournalError] before
// the first if the journal asks for anything else. No link leads it out of root. The
// state directory must be
// the user's own.
func Recover(root, stateDir string, sealedFiles []string) (restored []string, err error) {
	path := filepath.Join(stateDir, journalName)
	if _, err := os.Lstat(path); errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	unlock, err := Files{StateDir: stateDir}.lock() // waits for a rekey that is still running
	if err != nil {
		return nil, err
	}
	defer unlock()
	return recoverJournal(root, path, sealedFiles)
}

// maxJournal bounds a journal's size in bytes.
const maxJournal = 1 << 30

func recoverJournal(root, path string, sealedFiles []string) (restored []string, err error) {
	data, err := atomicfile.Read(path, maxJournal)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil // the rekey that held the lock has completed
	}
	if err != nil {
		return nil, err
	}
	var j journal
	if json.Unmarshal(data, &j) != nil {
		return nil, &JournalError{Path: path, Problem: "is not one"}
	}
	for _, entry := range j.Files {
		if !slices.Contains(sealedFiles, entry.Path) {
			return nil, &JournalError{Path: path, Problem: fmt.Sprintf("names %q, which is no sealed file of this project", entry.Path)}
		}
		if _, _, err := crypto.Inspect(entry.Old); err != nil {
			return nil, &JournalError{Path: path, Problem: fmt.Sprintf("has a content for %s that is not a sealed file's", entry.Path)}
		}
	}
	var replaced []journalEntry
	for _, entry := range j.Files {
		now, err := readIfThere(root, entry.Path, MaxSize)
		if err != nil {
			return nil, err
		}
		if now != nil && digest(now) == entry.New {
			replaced = append(replaced, entry)
		}
	}
	if len(replaced) < len(j.Files) {
		for _, entry := range replaced {
			if err := atomicfile.Write(entry.Path, entry.Old, atomicfile.Options{Perm: permOf(entry.Path), Root: root}); err != nil {
				return restored, err
			}
			restored = append(restored, entry.Path)
		}
	}
	return restored, os.Remove(path)
}

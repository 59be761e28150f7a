package compare

import (
	"bytes"
	"fmt"
	"io/fs"
	"path"
	"slices"

	"hci/internal/terraform"
)

// The bounds of a search through the repository's files. A file beyond the
// first holds no code that people write.
const (
	maxSearched = 1 << 20 // bytes of a file
	maxFiles    = 20_000
)

// templateSecret is how a template of CloudFormation, or of what is made into one,
// declares a secret.
const templateSecret = "AWS::SecretsManager::Secret"

var templates = []string{".yaml", ".yml", ".json", ".template"}

// search finds those of names that a file of the repository mentions, by
// whatever program's code, with the file. unknown says why that can't be told.
func (s Session) search(names []string) (in map[string]string, unknown string) {
	in = map[string]string{}
	fsys, files := terraform.Files(s.Project), 0
	err := fs.WalkDir(fsys, ".", func(name string, e fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case e.IsDir() && slices.Contains(skipped, path.Base(name)):
			return fs.SkipDir
		case !e.Type().IsRegular():
			return nil
		}
		if files++; files > maxFiles {
			return fmt.Errorf("it has more than %d files", maxFiles)
		}
		if info, err := e.Info(); err != nil || info.Size() > maxSearched {
			return err
		}
		data, err := fs.ReadFile(fsys, name)
		if err != nil {
			return err
		}
		if slices.Contains(templates, path.Ext(name)) && bytes.Contains(data, []byte(templateSecret)) {
			return fmt.Errorf("%s is a template that makes secrets, which hci does not read", name)
		}
		for _, secret := range names {
			if in[secret] == "" && mentions(string(data), secret) {
				in[secret] = name
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Sprintf("the repository can't be searched for names: %v", err)
	}
	return in, ""
}

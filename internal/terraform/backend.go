package terraform

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"

	"github.com/zclconf/go-cty/cty"

	"hci/internal/atomicfile"
	"hci/internal/project"
	"hci/tfvars"
)

// maxBackend bounds the size of what 'init' keeps of a backend in bytes.
const maxBackend = 1 << 20

// OtherStateError says that the directory is set up for another state than the
// environment's: what runs now would change another environment.
type OtherStateError struct {
	Environment, Dir, File string // paths from the project's root
	Setting, Want, Have    string
}

func (e *OtherStateError) Error() string {
	return fmt.Sprintf("%s is set up for another state than that of %s: %s is %q, and %q in %s", e.Dir, e.Environment, e.Setting, e.Have, e.Want, e.File)
}

// Next is the command that sets it up.
func (e *OtherStateError) Next() string {
	file, err := filepath.Rel(e.Dir, e.File)
	if err != nil {
		file = e.File
	}
	return fmt.Sprintf("'hci tf %s init -reconfigure -backend-config=%s' sets it up", e.Environment, filepath.ToSlash(file))
}

// rightState fails if 'init' was given another backend than the environment's
// file has.
func (at Place) rightState(p *project.Project, env project.Environment, environ []string) error {
	if env.BackendFile == "" {
		return nil
	}
	have, err := initialized(at.dataDir(environ))
	if err != nil || have == nil {
		return err
	}
	want, err := backendSettings(env.BackendFile)
	if err != nil {
		return err
	}
	for _, name := range []string{"bucket", "key", "prefix", "path", "address", "container_name", "storage_account_name", "conn_str", "secret_suffix", "region"} {
		now, ok := have[name].(string)
		if text, set := want[name]; set && ok && text != now {
			rel := func(path string) string {
				if r, err := filepath.Rel(p.Root, path); err == nil {
					return r
				}
				return path
			}
			return &OtherStateError{Environment: env.Name, Dir: rel(at.Dir), File: rel(env.BackendFile), Setting: name, Want: text, Have: now}
		}
	}
	return nil
}

// initialized is what 'init' keeps of the backend's settings; nil if the
// directory is not set up.
func initialized(data string) (map[string]any, error) {
	text, err := atomicfile.Read(filepath.Join(data, "terraform.tfstate"), maxBackend)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var kept struct {
		Backend struct{ Config map[string]any }
	}
	if err := json.Unmarshal(text, &kept); err != nil {
		return nil, fmt.Errorf("%s: %w", filepath.Join(data, "terraform.tfstate"), err)
	}
	return kept.Backend.Config, nil
}

// backendSettings are the texts in a file for 'init -backend-config', which has
// the syntax of a var file.
func backendSettings(path string) (map[string]string, error) {
	text, err := atomicfile.Read(path, maxBackend)
	if err != nil {
		return nil, err
	}
	file, err := tfvars.Parse(text, path)
	if err != nil {
		return nil, err
	}
	all := map[string]string{}
	for _, name := range file.Names() {
		if v, _ := file.Value(name); v.Type() == cty.String && v.IsKnown() && !v.IsNull() {
			all[name] = v.AsString()
		}
	}
	return all, nil
}

// dataDir is where terraform keeps what it knows of a directory.
func (at Place) dataDir(environ []string) string {
	const name = "TF_DATA_DIR="
	for _, kv := range slices.Backward(environ) {
		if len(kv) <= len(name) || kv[:len(name)] != name {
			continue
		}
		if dir := kv[len(name):]; filepath.IsAbs(dir) {
			return dir
		}
		return filepath.Join(at.Dir, kv[len(name):])
	}
	return filepath.Join(at.Dir, ".terraform")
}

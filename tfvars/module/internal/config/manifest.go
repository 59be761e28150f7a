package config

import (
	"encoding/json"
	"io/fs"
	"path"
	"strings"
)

// manifest tells where "terraform init" has put the modules that come from
// elsewhere: their directories, by the path of module calls, with the sources
// that they were fetched from.
type manifest map[string]fetched

type fetched struct {
	Source string
	Dir    string
}

// maxManifest bounds the size of the file in bytes.
const maxManifest = 4 << 20

// readManifest reads .terraform/modules/modules.json of a root module. Without
// one, or with one that can't be read, nothing is known to be fetched.
func readManifest(fsys fs.FS, root string) manifest {
	name := path.Join(root, ".terraform", "modules", "modules.json")
	info, err := fs.Stat(fsys, name)
	if err != nil || info.Size() > maxManifest {
		return nil
	}
	data, err := fs.ReadFile(fsys, name)
	if err != nil {
		return nil
	}
	var file struct {
		Modules []struct {
			Key    string `json:"Key"`
			Source string `json:"Source"`
			Dir    string `json:"Dir"`
		} `json:"Modules"`
	}
	if json.Unmarshal(data, &file) != nil {
		return nil
	}
	m := manifest{}
	for _, each := range file.Modules {
		m[each.Key] = fetched{Source: each.Source, Dir: path.Join(root, strings.ReplaceAll(each.Dir, `\`, "/"))}
	}
	return m
}

// dir returns the directory of a called module, by the path of calls that leads
// to it ("app.db"). One that was fetched from another source than the code names
// now is not there.
func (m manifest) dir(calls, source string) (string, bool) {
	f, ok := m[calls]
	if !ok || normal(f.Source) != normal(source) || !fs.ValidPath(f.Dir) {
		return "", false
	}
	return f.Dir, true
}

// normal is a source without what terraform adds to it on its own.
func normal(source string) string {
	for _, prefix := range []string{"registry.terraform.io/", "registry.opentofu.org/", "git::", "https://", "ssh://"} {
		source = strings.TrimPrefix(source, prefix)
	}
	return strings.Replace(source, ".git", "", 1)
}

package project

import (
	"errors"
	"io/fs"
	"path/filepath"

	"hci/internal/atomicfile"
)

// Boundary is the directory that no symbolic link in the project leads out of:
// the root of the git work tree, which modules beside the project lie in, else
// the project's own root.
func (p *Project) Boundary() string {
	if p.WorkTree != "" {
		return p.WorkTree
	}
	return p.Root
}

// Read reads a file of the project, which must lie in its boundary. It fails with
// an [*atomicfile.OutsideError].
func (p *Project) Read(path string, maxSize int64) ([]byte, error) {
	return atomicfile.ReadIn(p.Boundary(), path, maxSize)
}

// Read is [Project.Read] for the project that the environment is of.
func (e Environment) Read(path string, maxSize int64) ([]byte, error) {
	return atomicfile.ReadIn(e.boundary, path, maxSize)
}

// reaches reports whether a directory is there and lies in the boundary, so that
// it may be looked into.
func (p *Project) reaches(dir string) bool {
	_, err := atomicfile.Within(p.Boundary(), filepath.Join(dir, configName))
	return err == nil
}

// confined fails with an [*atomicfile.OutsideError] if a directory of Terraform
// code or a secrets file, sealed or not, lies outside the boundary, by its name
// or by a link: what is written there, and what terraform runs there, would be
// somewhere that no repository has a say in. A file that is not there yet counts
// as where it would be.
func (p *Project) confined() error {
	var paths []string
	if p.TerraformDir != "" {
		paths = append(paths, filepath.Join(p.TerraformDir, configName)) // any file in it
	}
	for _, env := range p.Environments {
		paths = append(paths, env.Plain, env.Sealed)
		if env.TerraformDir != "" {
			paths = append(paths, filepath.Join(env.TerraformDir, configName))
		}
	}
	for _, path := range paths {
		if _, err := atomicfile.Within(p.Boundary(), path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

package project

import (
	"path/filepath"
	"slices"
)

// resolve puts together what hci.hcl says and what lies in the directories.
func (p *Project) resolve(c *config, start string, o Options) error {
	code := p.newCodeReader()
	root, err := p.discover(c, start, o.Root, code)
	if err != nil {
		return err
	}
	found := p.look(root)
	p.env, p.Local, p.Format = c.env, c.local, c.format.value
	names, err := p.names(c, root, found, o.Workspace)
	if err != nil {
		return err
	}
	if len(names) == 0 && p.SharedFile != "" && root != nil && root.Dir != "" {
		names = p.soleName(root, code)
	}
	for _, name := range names {
		env, err := p.environment(name, c, root, found, code)
		if err != nil {
			return err
		}
		p.Environments = append(p.Environments, env)
	}
	p.lackVarFiles()
	p.shareState()
	p.program(c, code)
	return p.setDefault(c)
}

// look finds the files around the root that was taken.
func (p *Project) look(root *Root) *foundFiles {
	var dirs []fileDir
	switch {
	case p.undecided != nil:
	case root == nil:
		dirs = p.fileDirs(&Root{Dir: p.Root, base: p.Root})
		for _, name := range terraformNames { // the sealed files can be there before the code is
			if dir := filepath.Join(p.Root, filepath.FromSlash(name)); dir != p.Root && p.reaches(dir) && holdsSecrets(dir) {
				for _, d := range p.fileDirs(&Root{Dir: dir, base: dir}) {
					if !slices.ContainsFunc(dirs, func(o fileDir) bool { return o.path == d.path }) {
						dirs = append(dirs, d)
					}
				}
			}
		}
	default:
		p.root, p.TerraformDir = root, root.Dir
		dirs = p.fileDirs(root)
	}
	for _, d := range dirs {
		p.searched = append(p.searched, d.path)
	}
	return p.findFiles(dirs)
}

// soleName is the name of the environment of a project that has one secrets
// file, names none, and whose code asks for no workspace.
func (p *Project) soleName(root *Root, code codeReader) []string {
	env := Environment{Name: "", TerraformDir: root.Dir}
	p.workspace(&env, &environmentConfig{}, false, code)
	if env.Workspace != DefaultWorkspace {
		return nil
	}
	return []string{DefaultWorkspace}
}

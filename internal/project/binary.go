package project

import "path/filepath"

// program decides which program runs the code: what hci.hcl says; OpenTofu,
// where the code, or a version file, is OpenTofu's. Otherwise nothing does: then
// it is what is installed.
func (p *Project) program(c *config, code codeReader) {
	set := func(binary, why string) { p.Binary, p.BinaryWhy = binary, why }
	if c.binary.set {
		set(c.binary.value, configName+" says so")
		return
	}
	dirs := []string{p.Root}
	for _, e := range p.Environments {
		if e.TerraformDir != "" {
			dirs = append(dirs, e.TerraformDir)
		}
	}
	if p.TerraformDir != "" {
		dirs = append(dirs, p.TerraformDir)
	}
	for i, dir := range dirs { // the first is the root, in which no code need lie
		if file := filepath.Join(dir, ".opentofu-version"); exists(file) {
			set(OpenTofu, p.rel(file)+" is there")
			return
		}
		if file := code.read(dir).tofu; file != "" && (i > 0 || p.TerraformDir == dir) {
			set(OpenTofu, p.rel(file)+" is OpenTofu's")
			return
		}
	}
}

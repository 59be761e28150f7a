package project

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"hci/internal/atomicfile"
)

// Start is what a new project is to have.
type Start struct {
	Environments    []string
	Directory       string // of the Terraform code, from the root; it need not be there yet
	Region, Profile string // "": as the code or the shell says
}

// Usual is what a new project has where nobody says otherwise.
func (p *Project) Usual() Start {
	dir := "infra"
	if p.TerraformDir != "" {
		dir = p.rel(p.TerraformDir)
	}
	return Start{Environments: []string{"staging", "production"}, Directory: dir}
}

// Plan returns the environments of a new project, with the files that they will
// have. Nothing is written.
func (p *Project) Plan(s Start) ([]Environment, error) {
	if s.Directory == "" || !filepath.IsLocal(filepath.FromSlash(s.Directory)) {
		return nil, fmt.Errorf("%q is no directory of the project", s.Directory)
	}
	dir := filepath.Join(p.Root, filepath.FromSlash(s.Directory))
	var all []Environment
	for _, name := range s.Environments {
		if !environmentName().MatchString(name) {
			return nil, fmt.Errorf("%q is not an environment's name: letters, digits and _.+@- only", name)
		}
		if slices.ContainsFunc(all, func(e Environment) bool { return e.Name == name }) {
			return nil, fmt.Errorf("%s is named twice", name)
		}
		env := Environment{Name: name, TerraformDir: dir, Region: s.Region, Profile: s.Profile, boundary: p.Boundary()}
		env.Plain = filepath.Join(p.newSecretsDirectory(&env), name+ownSuffix+".tfvars")
		env.Sealed = env.Plain + sealedSuffix
		if _, err := atomicfile.Within(p.Boundary(), env.Sealed); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		all = append(all, env)
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("a project needs an environment")
	}
	return all, nil
}

// Deviations is the hci.hcl that a new project needs besides its files: nil if
// hci finds everything by itself. p is the project as it is found with them.
func (p *Project) Deviations(s Start, planned []Environment) []byte {
	var b bytes.Buffer
	for _, want := range planned {
		i := slices.IndexFunc(p.Environments, func(e Environment) bool { return e.Name == want.Name })
		found := i >= 0 && p.Environments[i].Sealed == want.Sealed
		if found && s.Region == "" && s.Profile == "" {
			continue
		}
		fmt.Fprintf(&b, "environment %s {\n", quote(want.Name))
		if !found {
			fmt.Fprintf(&b, "  sealed = %s\n", quote(p.rel(want.Sealed)))
		}
		for _, each := range [][2]string{{"region", s.Region}, {"profile", s.Profile}} {
			if each[1] != "" {
				fmt.Fprintf(&b, "  %s = %s\n", each[0], quote(each[1]))
			}
		}
		b.WriteString("}\n\n")
	}
	if b.Len() == 0 {
		return nil
	}
	return append(bytes.TrimRight(aligned(b.String()), "\n"), '\n')
}

// IgnoreLines are the lines that .gitignore lacks, so that the plaintext of
// secrets, and .env files, are not committed.
func IgnoreLines(old []byte) []string {
	var lack []string
	for _, line := range []string{"*_secrets.tfvars", ".env"} {
		if !slices.ContainsFunc(strings.Split(string(old), "\n"), func(have string) bool {
			return strings.TrimSpace(have) == line
		}) {
			lack = append(lack, line)
		}
	}
	return lack
}

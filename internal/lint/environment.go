package lint

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"hci/crypto"
	"hci/internal/project"
	"hci/internal/sealed"
	"hci/internal/terraform"
	"hci/tfvars"
	"hci/tfvars/module"
)

// Report is the state of one environment.
type Report struct {
	Environment   string        `json:"environment"`
	Path          string        `json:"path"` // the sealed file
	Parameters    string        `json:"parameters"`
	Authenticated bool          `json:"authenticated"`
	Names         int           `json:"names"`
	Findings      []Finding     `json:"findings"`
	params        crypto.Params // of the sealed file
	secrets       *tfvars.File  // its content
	files         sealed.Files  // where both are
	project       *project.Project
	environment   project.Environment
}

// add notes a finding, and the command that fixes it.
func (r *Report) add(rule Rule, next, format string, args ...any) {
	r.Findings = append(r.Findings, Finding{Severity: rule.Severity, Code: rule.ID, Text: fmt.Sprintf(format, args...), Next: next, Rule: rule})
}

// Environment examines one environment. The error is that its sealed file
// cannot be opened; all else is a finding.
func Environment(ctx context.Context, p *project.Project, env project.Environment, files sealed.Files, pass sealed.Passphrase, environ []string) (*Report, error) {
	files.Inspect = true // a finding here, not an error
	r := &Report{Environment: env.Name, Path: env.Sealed, Findings: []Finding{}, files: files, project: p, environment: env}
	content, err := files.OpenSealed(ctx, pass)
	if errors.Is(err, fs.ErrNotExist) {
		r.add(NotSealed, "hci secrets encrypt "+env.Name, "there is no sealed file, only a plaintext")
		r.git(ctx)
		return r, nil
	}
	if err != nil {
		return nil, err
	}
	r.params, r.Parameters = content.Params, content.Params.String()
	r.Authenticated, r.secrets, r.Names = content.Authenticated, content.File, len(content.File.Names())
	r.derivation()
	r.authentication(content.Distrust)
	r.beside()
	r.git(ctx)
	r.declarations(environ)
	slices.SortStableFunc(r.Findings, func(a, b Finding) int { return strings.Compare(string(a.Severity), string(b.Severity)) })
	return r, nil
}

// derivation looks at how the key is derived.
func (r *Report) derivation() {
	// As many as a new file gets, OWASP's figure:
	// https://cheatsheetseries.owasp.org/cheatsheets/Password_Storage_Cheat_Sheet.html#pbkdf2
	enough := crypto.DefaultParams().Iterations
	rekey := fmt.Sprintf("hci secrets rekey %s --keep-passphrase --iterations %d", r.Environment, enough)
	switch {
	case r.params.KDF == crypto.BytesToKey:
		r.add(WeakDerivation, rekey, "the key is derived by %s, one round of %s: passphrases can be guessed fast", r.params.KDF, r.params.Digest)
	case r.params.Iterations < enough:
		r.add(WeakDerivation, rekey, "the key is derived with %d iterations; %d or more make guessing slow", r.params.Iterations, enough)
	}
	if r.params.NoSalt {
		r.add(NoSalt, "hci secrets rekey "+r.Environment+" --keep-passphrase", "the file has no salt: it cannot be authenticated, and equal beginnings show")
	}
}

// authentication reports why commands refuse the file, or that nothing proves
// what it holds.
func (r *Report) authentication(distrust *sealed.DistrustError) {
	rules := map[sealed.Reason]Rule{sealed.Foreign: AnotherEnvironment, sealed.Unbound: NotBound, sealed.Weaker: Weakened, sealed.BelowDeclared: Weakened}
	switch {
	case distrust != nil:
		rule, ok := rules[distrust.Reason]
		if !ok {
			rule = NotAuthenticated
		}
		r.add(rule.as(Problem), distrust.Next(), "%v", distrust)
	case !r.Authenticated:
		r.add(NotAuthenticated, "hci secrets rekey "+r.Environment+" --keep-passphrase",
			"not authenticated: it was sealed by openssl itself, or altered since hci sealed it")
	}
}

// beside compares the plaintext, if it is there, with the sealed file.
func (r *Report) beside() {
	plain, err := r.files.ReadPlain()
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return
	case err != nil:
		r.add(PlaintextUnreadable, "", "the plaintext beside it cannot be read: %v", err)
		return
	}
	if mode, open := r.files.PlainOpen(); open {
		r.add(PlaintextReadable, "chmod 600 "+r.files.Plain, "the plaintext beside it has mode %04o: others on this machine may read it", mode)
	}
	if !bytes.Equal(plain, r.secrets.Bytes()) {
		r.add(PlaintextDiffers, "hci secrets encrypt "+r.Environment, "the plaintext beside it holds something else")
	}
}

// git asks whether the plaintext is, or could get, into git.
func (r *Report) git(ctx context.Context) {
	status := r.project.Git(ctx, r.files.Plain)
	_, err := r.files.ReadPlain()
	there := !errors.Is(err, fs.ErrNotExist)
	switch {
	case status == project.GitTracked:
		r.add(PlaintextTracked, "git rm --cached "+r.files.Plain, "git tracks the plaintext: its values are, or will be, in the history")
	case status == project.GitUnignored && there:
		r.add(PlaintextNotIgnored, "", "git does not ignore the plaintext: the next 'git add .' takes it; put *_secrets.tfvars into .gitignore")
	case status == project.GitUnignored:
		r.add(PlaintextNotIgnored.as(Warning), "", "git would not ignore the plaintext, once it is there: put *_secrets.tfvars into .gitignore")
	}
}

// declarations compares the names with the variables of the Terraform code.
func (r *Report) declarations(environ []string) {
	m, err := terraform.Read(r.project.In(r.environment))
	var none *terraform.NoDirectoryError
	switch {
	case errors.As(err, &none):
		r.add(NoTerraform, "", "there is no Terraform directory to compare the names with")
		return
	case err != nil:
		r.add(TerraformUnreadable, "", "%v", err)
		return
	}
	for _, name := range r.secrets.Names() {
		if _, declared := m.Variable(name); !declared {
			r.add(Undeclared, "hci secrets unset "+r.Environment+" "+name, "%s is set, but no variable declares it", name)
		}
	}
	in, err := terraform.Inputs(m, r.environment, r.secrets, environ)
	if err != nil {
		r.add(VarFiles, "", "%v", err)
		return
	}
	r.unset(m, in)
	ev, err := m.Evaluate(in)
	if err != nil {
		r.add(Invalid, "", "%v", err)
		return
	}
	shared, _ := terraform.Shared(r.project, r.environment, m, ev.Secrets, environ)
	for _, s := range shared {
		r.add(SharedSecret, s.Next(), "%v", s)
	}
}

// unset reports sensitive variables without a value.
func (r *Report) unset(m *module.Module, in module.Inputs) {
	for _, v := range m.Variables() {
		if !v.Sensitive || v.HasDefault {
			continue
		}
		if value, set := in.Values[v.Name]; !set || value.IsNull() {
			r.add(Unset, "hci secrets set "+r.Environment+" "+v.Name, "sensitive variable %s has no value", v.Name)
		}
	}
}

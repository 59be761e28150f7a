package lint

import (
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/zclconf/go-cty/cty"

	"hci/tfvars"
	"hci/tfvars/module"
)

// Code is what the rules on Terraform code look at, for one environment.
type Code struct {
	Module     *module.Module
	Evaluated  *module.Evaluated // with shapes
	Sealed     *tfvars.File      // the environment's; nil if it was not opened
	Workspace  string
	References *References
	Path       func(file string) string // of a file that the reader names
}

// Suspect is a finding that holds unless a file names what it is about.
type Suspect struct {
	Finding Finding
	Names   []string // any of which clears it
}

// Check applies the rules on Terraform code.
func (c Code) Check() ([]Finding, []Suspect) {
	all := c.defaults()
	for _, l := range c.References.Passwords() {
		// Modules can lie outside of the project, and other projects do.
		if file := c.Path(l.File); filepath.IsLocal(file) {
			all = append(all, breaks(PasswordInCode, file, l.Line, "%s", l.Text))
		}
	}
	for _, t := range c.Evaluated.Tasks {
		for _, ct := range t.Containers {
			all = append(all, c.plain(SensitiveEnvironment, "container "+ct.Name, ct.Environment)...)
			all = append(all, c.references(ct)...)
		}
	}
	for _, f := range c.Evaluated.Functions {
		all = append(all, c.plain(SensitiveFunction, f.Address, f.Environment)...)
	}
	return all, c.unused()
}

// defaults are the sensitive variables with a default.
func (c Code) defaults() []Finding {
	var all []Finding
	for _, v := range c.Module.Variables() {
		if v.Sensitive && v.HasDefault && !v.Default.IsNull() && !emptyDefault(v) {
			all = append(all, breaks(SensitiveDefault, c.Path(v.File), v.Line, "var.%s is sensitive and has a default", v.Name))
		}
	}
	return all
}

func emptyDefault(v module.Variable) bool {
	d, _ := v.Default.UnmarkDeep()
	return d.Type() == cty.String && d.IsKnown() && d.AsString() == ""
}

// plain looks at the environment variables that everybody may read who may see
// the task definition or function.
func (c Code) plain(rule Rule, where string, entries []module.EnvEntry) []Finding {
	var all []Finding
	for _, e := range entries {
		if what := c.secretIn(e); what != "" {
			all = append(all, breaks(rule, c.Path(e.File), e.Line, "%s of %s holds %s", e.Name, where, what))
			continue
		}
		if len(e.Variables) == 0 && e.Known && SecretName(e.Name) && secretText(e.Name, e.Value.Reveal()) && !c.isName(e.Value.Reveal()) {
			all = append(all, breaks(PasswordInCode, c.Path(e.File), e.Line, "%s of %s is a literal text", e.Name, where))
		}
	}
	return all
}

// generated are the attributes that hold a secret wherever they stand.
var generated = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(^|\.)(random_password\.[^.]+\.(result|bcrypt_hash)|aws_secretsmanager_secret_version\.[^.]+\.secret_(string|binary)|aws_ssm_parameter\.[^.]+\.value|tls_private_key\.[^.]+\.private_key_\w+|aws_iam_access_key\.[^.]+\.(secret|ses_smtp_password_v4)|aws_(db_instance|rds_cluster|docdb_cluster|redshift_cluster)\.[^.]+\.(master_)?password|aws_elasticache_replication_group\.[^.]+\.auth_token)$`)
})

// secretIn says what secret an entry holds, "" if it holds none that can be
// told.
func (c Code) secretIn(e module.EnvEntry) string {
	var marked, fed, named []string
	for _, name := range e.Variables {
		v, _ := c.Module.Variable(name)
		switch {
		case v.Sensitive:
			marked = append(marked, "var."+name)
		case c.sealedSecret(name):
			fed = append(fed, "var."+name)
		case SecretName(name) && SecretName(e.Name) && e.Known && secretText(e.Name, e.Value.Reveal()) && !c.isName(e.Value.Reveal()):
			named = append(named, "var."+name)
		}
	}
	made := slices.DeleteFunc(slices.Clone(e.Awaits), func(address string) bool { return !generated().MatchString(address) })
	switch {
	case len(marked) > 0:
		return strings.Join(marked, ", ") + ", which is sensitive"
	case len(fed) > 0:
		return strings.Join(fed, ", ") + ", which the sealed file sets; the variable is not marked sensitive"
	case len(made) > 0:
		return strings.Join(made, ", ")
	case e.Sensitive:
		return "a sensitive value"
	case len(named) > 0:
		return strings.Join(named, ", ") + ", a secret by its name; the variable is not marked sensitive"
	}
	return ""
}

// sealedSecret reports whether the sealed file sets a variable to what looks
// like a secret: teams put settings into it, too.
func (c Code) sealedSecret(name string) bool {
	if c.Sealed == nil || !c.Sealed.Has(name) {
		return false
	}
	v, _ := c.Sealed.Value(name)
	if v.IsNull() || v.Type() != cty.String {
		return !v.IsNull() && SecretName(name)
	}
	return Meaningful(name, v.AsString(), false)
}

// isName reports whether a text is the name of a secret that is declared.
func (c Code) isName(text string) bool {
	return slices.ContainsFunc(c.Evaluated.Secrets, func(s module.Secret) bool { return s.Name == text && text != "" })
}

// references looks at the secrets that ECS fills in.
func (c Code) references(ct module.Container) []Finding {
	var all []Finding
	for _, ref := range ct.Secrets {
		i := slices.IndexFunc(c.Evaluated.Secrets, func(s module.Secret) bool { return s.Address == ref.Secret })
		if i < 0 {
			continue
		}
		s := c.Evaluated.Secrets[i]
		if !c.granted(s) {
			all = append(all, breaks(NotGranted, c.Path(ref.File), ref.Line, "%s of container %s comes from %s, which no policy grants", ref.Name, ct.Name, s.Address))
		}
		if s.Parameter != nil && ref.JSONKey != "" {
			all = append(all, breaks(NoSuchKey, c.Path(ref.File), ref.Line, "%s of container %s names the key %q of %s, and ECS hands out a parameter as a whole only", ref.Name, ct.Name, ref.JSONKey, s.Address))
			continue
		}
		if missing, sure := lacksKey(s, ref.JSONKey); sure && missing {
			all = append(all, breaks(NoSuchKey, c.Path(ref.File), ref.Line, "%s of container %s names the key %q, which %s does not have", ref.Name, ct.Name, ref.JSONKey, s.Address))
		}
	}
	return all
}

// granted reports whether a policy lets somebody read a secret.
func (c Code) granted(s module.Secret) bool {
	if s.Parameter != nil {
		return c.References.GrantedParameter(s.Address, s.Name)
	}
	return c.References.Granted(s.Address, s.Name)
}

// unused are the secrets that nothing in the code reads.
func (c Code) unused() []Suspect {
	inContainer := map[string]bool{}
	for _, t := range c.Evaluated.Tasks {
		for _, ct := range t.Containers {
			for _, ref := range ct.Secrets {
				inContainer[ref.Secret] = true
			}
		}
	}
	var all []Suspect
	for _, s := range c.Evaluated.Secrets {
		if s.Managed() && s.NameKnown && !inContainer[s.Address] && !c.granted(s) && !c.References.Used(s.Address) {
			all = append(all, Suspect{
				Finding: breaks(Unused, c.Path(s.File), s.Line, "nothing is seen to read %s: no policy, container or function names it, and no tracked file holds its name", s.Address),
				Names:   stems(s.Name, c.Workspace),
			})
		}
	}
	return all
}

// stems are the texts by which an app can ask for a secret: its name, the name
// without the environment's, and the end of a path.
func stems(name, workspace string) []string {
	all := []string{name}
	const separators = "-_/.+="
	if workspace != "" {
		for _, part := range strings.Split(name, workspace) {
			all = append(all, strings.Trim(part, separators))
		}
	}
	all = append(all, name[strings.LastIndexByte(name, '/')+1:])
	const short = 5 // stands in many files by chance
	return slices.DeleteFunc(all, func(s string) bool { return s != name && len(s) < short })
}

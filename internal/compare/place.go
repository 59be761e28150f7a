package compare

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"hci/internal/project"
	"hci/sync/awssm"
	"hci/tfvars/module"
)

// UnsettledError says that the code has a setting of a place whose value is not
// known, so that nothing there may be read or written.
type UnsettledError struct {
	Env     string // the environment
	Place   module.Place
	Setting module.Unsettled
	At      string // where the provider is declared, for people
}

func (e *UnsettledError) Error() string {
	what := e.Setting.Setting
	if e.Place.Provider != "" && !strings.HasPrefix(what, "provider ") {
		what = fmt.Sprintf("%s of provider %s (%s)", what, e.Place.Provider, e.At)
	}
	switch {
	case len(e.Setting.Awaits) > 0 && e.variable() != "":
		return fmt.Sprintf("where it is kept in AWS is not known: the %s is var.%s, which is not set", what, e.variable())
	case len(e.Setting.Awaits) > 0:
		return fmt.Sprintf("where it is kept in AWS is not known: the %s is known after apply: %s", what, strings.Join(e.Setting.Awaits, ", "))
	case strings.HasPrefix(what, "provider ") && strings.HasSuffix(what, "]"):
		return fmt.Sprintf("where it is kept in AWS is not known: instances of a %s are not read", strings.TrimSuffix(what, "[…]"))
	case strings.HasPrefix(what, "provider "):
		return fmt.Sprintf("where it is kept in AWS is not known: %s is not declared, nor handed to the module", what)
	}
	return fmt.Sprintf("where it is kept in AWS is not known: the %s is not read", what)
}

// variable is the root variable that the setting waits for, if it is one.
func (e *UnsettledError) variable() string {
	for _, address := range e.Setting.Awaits {
		if name, ok := strings.CutPrefix(address, "var."); ok {
			return name
		}
	}
	return ""
}

// Next says what to write.
func (e *UnsettledError) Next() string {
	switch setting := e.Setting.Setting; {
	case setting == "region" || setting == "profile":
		return fmt.Sprintf("write %s = \"…\" into environment %q in hci.hcl", setting, e.Env)
	case e.variable() != "":
		return fmt.Sprintf("give var.%s a value in a var file", e.variable())
	case len(e.Setting.Awaits) > 0:
		return "--state takes it from terraform's state"
	}
	return ""
}

// NoRegionError says that nothing names the region in which secrets are kept.
type NoRegionError struct {
	Env    string
	Agreed string   // the region of all providers that the code has; "" if they don't agree
	By     []string // those providers
}

func (e *NoRegionError) Error() string {
	if e.Agreed != "" {
		return fmt.Sprintf("no AWS region: the secrets use the default provider, which the code does not declare, and neither hci.hcl nor AWS_REGION names a region; %s %s %s",
			strings.Join(e.By, ", "), map[bool]string{true: "has", false: "have"}[len(e.By) == 1], e.Agreed)
	}
	return awssm.ErrNoRegion.Error()
}

// Is reports whether target is [awssm.ErrNoRegion].
func (e *NoRegionError) Is(target error) bool { return target == awssm.ErrNoRegion }

// Next says which line to write.
func (e *NoRegionError) Next() string {
	region := e.Agreed
	if region == "" {
		region = "…"
	}
	return fmt.Sprintf("if they are kept in %[2]s: write region = %[2]q into environment %[1]q in hci.hcl, or set AWS_REGION", e.Env, region)
}

// noRegion is the refusal where neither code nor environment names a region.
func noRegion(env project.Environment, ev *module.Evaluated) error {
	e := &NoRegionError{Env: env.Name}
	for _, p := range ev.Providers {
		if p.Region == "" || e.Agreed != "" && e.Agreed != p.Region {
			return &NoRegionError{Env: env.Name}
		}
		e.Agreed = p.Region
		e.By = append(e.By, "provider "+p.Provider)
	}
	if e.Agreed == "" {
		return e
	}
	return e
}

// options say how AWS is opened for a place: what the provider says, then what
// hci.hcl does; the rest is left to the SDK.
func (s Session) options(env project.Environment, p module.Place) (awssm.Options, error) {
	var errs []error
	for _, u := range p.Unsettled {
		if u.Setting == "region" && env.Region != "" || u.Setting == "profile" && env.Profile != "" {
			continue
		}
		errs = append(errs, &UnsettledError{Env: env.Name, Place: p, Setting: u, At: s.at(p)})
	}
	o := awssm.Options{
		Region: firstOf(p.Region, env.Region), Profile: firstOf(p.Profile, env.Profile),
		Endpoints: p.Endpoints, FIPS: p.FIPS, DualStack: p.DualStack, STSRegion: p.STSRegion,
		ConfigFiles: s.files(p.ConfigFiles), CredentialsFiles: s.files(p.CredentialsFiles), Note: s.once,
	}
	if slices.ContainsFunc(p.Unsettled, func(u module.Unsettled) bool { return u.Setting == "region" }) {
		o.Region = env.Region
	}
	if p.Keys != nil {
		o.Keys = &awssm.Keys{AccessKey: p.Keys.AccessKey, SecretKey: p.Keys.SecretKey, Token: p.Keys.Token}
	}
	if w := p.WebIdentity; w != nil {
		o.WebIdentity = &awssm.WebIdentity{
			ARN: w.ARN, SessionName: w.SessionName, Duration: w.Duration, Policy: w.Policy, PolicyARNs: w.PolicyARNs,
			TokenFile: s.file(w.TokenFile), Token: w.Token,
		}
	}
	for _, r := range p.Roles {
		o.Roles = append(o.Roles, awssm.Role{
			ARN: r.ARN, SessionName: r.SessionName, ExternalID: r.ExternalID, SourceIdentity: r.SourceIdentity,
			Duration: r.Duration, Policy: r.Policy, PolicyARNs: r.PolicyARNs, TransitiveTagKeys: r.TransitiveTagKeys, Tags: r.Tags,
		})
	}
	return o, errors.Join(errs...)
}

// once notes a text that was not noted before.
func (s Session) once(text string) {
	if s.Memory.first(text) {
		s.Note(text)
	}
}

func firstOf(texts ...string) string {
	for _, text := range texts {
		if text != "" {
			return text
		}
	}
	return ""
}

// at shows where a provider is declared.
func (s Session) at(p module.Place) string {
	if p.File == "" {
		return "not in the code"
	}
	return s.line(p.File, p.Line)
}

// files are the paths of the AWS configuration as the provider reads them.
func (s Session) files(paths []string) []string {
	var all []string
	for _, path := range paths {
		all = append(all, s.file(path))
	}
	return all
}

// file expands a leading ~ and variables; a relative path is one of the
// directory that terraform runs in.
func (s Session) file(path string) string {
	if path == "" {
		return ""
	}
	path = os.Expand(path, s.lookup)
	if rest, ok := strings.CutPrefix(path, "~"); ok && (rest == "" || rest[0] == '/') {
		if home, err := os.UserHomeDir(); err == nil {
			path = filepath.Join(home, rest)
		}
	}
	if !filepath.IsAbs(path) {
		path = filepath.Join(s.Project.TerraformDir, path)
	}
	return path
}

func (s Session) lookup(name string) string {
	for _, entry := range slices.Backward(s.Environ) {
		if value, ok := strings.CutPrefix(entry, name+"="); ok {
			return value
		}
	}
	return ""
}

package project

import (
	"bytes"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"hci/tfvars"
)

// maxConfig bounds the size of hci.hcl in bytes.
const maxConfig = 1 << 20

// config is what hci.hcl says.
type config struct {
	defaultEnvironment setting[string]
	terraform          setting[string]
	binary             setting[string]
	container          setting[string]
	format             setting[string]
	command            setting[[]string]
	authenticated      setting[bool]
	rotate             setting[RotateAfter]
	openssl            *opensslConfig
	env                []EnvVar
	local              []EnvVar
	deploy             deployConfig
	environments       map[string]*environmentConfig
}

// environmentConfig is what an environment block says.
type environmentConfig struct {
	workspace, terraform, secrets, sealed, region, profile, container setting[string]
	varFiles, command                                                 setting[[]string]
	authenticated                                                     setting[bool]
	rotate                                                            setting[RotateAfter]
	openssl                                                           *opensslConfig
	env                                                               []EnvVar
	deploy                                                            deployConfig
}

// The names that hci.hcl knows, at the top and in an environment block.
var (
	topNames         = []string{"default_environment", "terraform", "terraform_binary", "container", "format", "passphrase_command", "require_authenticated", "rotate_after", "openssl", "env", "local", "deploy", "environment"}
	environmentNames = []string{"workspace", "terraform", "var_files", "secrets", "sealed", "region", "profile", "container", "passphrase_command", "require_authenticated", "rotate_after", "openssl", "env", "deploy"}
)

var environmentName = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[\pL\pN_][\pL\pN_.+@-]*$`) })

// readConfig reads an hci.hcl.
func (p *Project) readConfig(path string) (*config, error) {
	src, err := p.Read(path, maxConfig)
	if err != nil {
		return nil, err
	}
	return parseConfig(src, path)
}

func parseConfig(src []byte, path string) (*config, error) {
	src = bytes.TrimPrefix(src, []byte("\xef\xbb\xbf"))
	if err := tfvars.Limits(src, path); err != nil {
		return nil, err
	}
	file, diags := hclsyntax.ParseConfig(src, path, hcl.InitialPos)
	r := &reader{path: path}
	if diags.HasErrors() {
		for _, d := range diags {
			// The summary is one of hcl's own; the detail can quote the source.
			r.report(d.Subject, d.Summary)
		}
		return nil, r.err()
	}
	body, ok := file.Body.(*hclsyntax.Body)
	if !ok {
		return nil, fmt.Errorf("%s: unexpected body %T", path, file.Body)
	}
	c := r.top(body)
	return c, r.err()
}

func (r *reader) top(body *hclsyntax.Body) *config {
	c := &config{environments: map[string]*environmentConfig{}}
	r.attributes(body, "at the top of hci.hcl", topNames, environmentNames, map[string]func(*hclsyntax.Attribute){
		"default_environment":   into(r, &c.defaultEnvironment, stringValue),
		"terraform":             into(r, &c.terraform, pathValue),
		"terraform_binary":      into(r, &c.binary, binaryValue),
		"container":             into(r, &c.container, stringValue),
		"format":                into(r, &c.format, stringValue),
		"passphrase_command":    into(r, &c.command, argvValue),
		"require_authenticated": into(r, &c.authenticated, boolValue),
		"rotate_after":          into(r, &c.rotate, rotateValue),
	})
	r.blocks(body, "at the top of hci.hcl", topNames, environmentNames, map[string]func(*hclsyntax.Block){
		"openssl": func(b *hclsyntax.Block) { c.openssl = r.openssl(b) },
		"env":     func(b *hclsyntax.Block) { c.env = r.env(b) },
		"local":   func(b *hclsyntax.Block) { c.local = r.env(b) },
		"deploy":  func(b *hclsyntax.Block) { c.deploy = r.deploy(b) },
		"environment": func(b *hclsyntax.Block) {
			if len(b.Labels) != 1 || !environmentName().MatchString(b.Labels[0]) {
				r.report(b.DefRange().Ptr(), `an environment block needs one name: environment "NAME"`)
				return
			}
			if c.environments[b.Labels[0]] != nil {
				r.report(b.DefRange().Ptr(), fmt.Sprintf("environment %q is declared twice", b.Labels[0]))
				return
			}
			c.environments[b.Labels[0]] = r.environment(b)
		},
	})
	return c
}

func (r *reader) environment(b *hclsyntax.Block) *environmentConfig {
	e := &environmentConfig{}
	const where = "in an environment block"
	r.attributes(b.Body, where, environmentNames, topNames, map[string]func(*hclsyntax.Attribute){
		"workspace":             into(r, &e.workspace, stringValue),
		"terraform":             into(r, &e.terraform, pathValue),
		"secrets":               into(r, &e.secrets, pathValue),
		"sealed":                into(r, &e.sealed, pathValue),
		"region":                into(r, &e.region, stringValue),
		"profile":               into(r, &e.profile, stringValue),
		"container":             into(r, &e.container, stringValue),
		"var_files":             into(r, &e.varFiles, pathsValue),
		"passphrase_command":    into(r, &e.command, argvValue),
		"require_authenticated": into(r, &e.authenticated, boolValue),
		"rotate_after":          into(r, &e.rotate, rotateValue),
	})
	r.blocks(b.Body, where, environmentNames, topNames, map[string]func(*hclsyntax.Block){
		"openssl": func(b *hclsyntax.Block) { e.openssl = r.openssl(b) },
		"env":     func(b *hclsyntax.Block) { e.env = r.env(b) },
		"deploy":  func(b *hclsyntax.Block) { e.deploy = r.deploy(b) },
	})
	return e
}

// reader collects what is wrong with one hci.hcl.
type reader struct {
	path     string
	problems tfvars.Problems
}

func (r *reader) report(at *hcl.Range, summary string) {
	p := tfvars.Problem{File: r.path, Line: 1, Column: 1, Summary: summary}
	if at != nil {
		p.Line, p.Column = at.Start.Line, at.Start.Column
	}
	r.problems = append(r.problems, p)
}

// err returns the problems in the order of their places.
func (r *reader) err() error {
	if len(r.problems) == 0 {
		return nil
	}
	slices.SortStableFunc(r.problems, func(a, b tfvars.Problem) int {
		if a.Line != b.Line {
			return a.Line - b.Line
		}
		return a.Column - b.Column
	})
	return r.problems
}

// attributes gives each attribute to its function, and reports those that are
// not known. elsewhere are the names known in the other kind of body.
func (r *reader) attributes(body *hclsyntax.Body, where string, known, elsewhere []string, take map[string]func(*hclsyntax.Attribute)) {
	for _, name := range slices.Sorted(maps.Keys(body.Attributes)) {
		attr := body.Attributes[name]
		switch f, ok := take[name]; {
		case ok:
			f(attr)
		case slices.Contains(known, name):
			r.report(&attr.NameRange, fmt.Sprintf("%q is a block: write %s { … }", name, name))
		default:
			r.unknown(&attr.NameRange, name, where, known, elsewhere)
		}
	}
}

// blocks is attributes for blocks; each but environment can be there once and
// has no label.
func (r *reader) blocks(body *hclsyntax.Body, where string, known, elsewhere []string, take map[string]func(*hclsyntax.Block)) {
	seen := map[string]bool{}
	for _, b := range body.Blocks {
		f, ok := take[b.Type]
		switch {
		case !ok && slices.Contains(known, b.Type):
			r.report(&b.TypeRange, fmt.Sprintf("%q is an attribute: write %s = …", b.Type, b.Type))
		case !ok:
			r.unknown(&b.TypeRange, b.Type, where, known, elsewhere)
		case b.Type == "environment", b.Type == serviceBlock, b.Type == imageBlock:
			f(b)
		case len(b.Labels) > 0:
			r.report(b.DefRange().Ptr(), fmt.Sprintf("the block %q takes no name", b.Type))
		case seen[b.Type]:
			r.report(b.DefRange().Ptr(), fmt.Sprintf("the block %q stands here twice", b.Type))
		default:
			seen[b.Type] = true
			f(b)
		}
	}
}

func (r *reader) unknown(at *hcl.Range, name, where string, known, elsewhere []string) {
	summary := fmt.Sprintf("%q is not known %s", name, where)
	if near := nearest(name, known); near != "" {
		summary += fmt.Sprintf("; did you mean %q?", near)
	} else if slices.Contains(elsewhere, name) && strings.HasPrefix(where, "at") {
		summary += "; it belongs in an environment block"
	} else if slices.Contains(elsewhere, name) {
		summary += "; it belongs at the top"
	}
	r.report(at, summary)
}

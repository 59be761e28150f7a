package lint

import (
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"hci/tfvars"
)

// References tells what of a Terraform directory refers to which secrets, by
// its text alone: through locals, policy documents and loops, but without
// evaluating anything.
type References struct {
	granted, used map[string]bool  // by "aws_secretsmanager_secret.name", without module and instance
	patterns      []*regexp.Regexp // of ARNs' ends: name and six characters
	parameters    []*regexp.Regexp // and of parameters' ones: the name without its first slash
	literals      literals
}

const (
	secretType    = "aws_secretsmanager_secret"
	parameterType = "aws_ssm_parameter"
)

// policies are the types of resources and data sources that grant.
var policies = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^(aws_iam_(.*_)?policy(_document)?|aws_secretsmanager_secret_policy|aws_kms_.*)$`)
})

// node is a block, or a local, and what it refers to.
type node struct {
	key    string // local.a, data.aws_iam_policy_document.b, aws_iam_policy.c
	typ    string
	refs   []string
	values []string // literal texts
}

// ReadReferences reads the Terraform code of a whole project: a module's
// references count as the project's.
func ReadReferences(fsys fs.FS) (*References, error) {
	var nodes []node
	found := literals{locals: map[string]string{}}
	err := fs.WalkDir(fsys, ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && name != "." && strings.HasPrefix(d.Name(), "."), d.IsDir() && d.Name() == "node_modules":
			return fs.SkipDir
		case d.IsDir() || !codeFile(name):
			return nil
		}
		src, err := fs.ReadFile(fsys, name)
		if err != nil {
			return err
		}
		nodes = append(nodes, readFile(src, name, &found)...)
		return nil
	})
	if err != nil {
		return nil, err
	}
	r := link(nodes)
	r.literals = found
	return r, nil
}

func codeFile(name string) bool {
	return slices.ContainsFunc([]string{".tf", ".tf.json", ".tofu", ".tofu.json"}, func(end string) bool { return strings.HasSuffix(name, end) })
}

// jsonRef finds references in the JSON syntax.
var jsonRef = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`\b(?:data\.)?[a-z][a-z0-9_]*\.[A-Za-z_][A-Za-z0-9_-]*`)
})

func readFile(src []byte, name string, found *literals) []node {
	if strings.HasSuffix(name, ".json") {
		found.readJSON(src, name)
		// One node for the whole file: it grants and uses what it names.
		return []node{{key: name, typ: "json", refs: jsonRef().FindAllString(string(src), -1)}}
	}
	if tfvars.Limits(src, name) != nil {
		return nil // the evaluation says so
	}
	file, _ := hclsyntax.ParseConfig(src, path.Base(name), hcl.InitialPos)
	if file == nil {
		return nil
	}
	body, ok := file.Body.(*hclsyntax.Body)
	if !ok {
		return nil
	}
	found.read(body, name)
	var nodes []node
	for _, b := range body.Blocks {
		switch {
		case b.Type == "locals":
			for _, attr := range b.Body.Attributes {
				n := node{key: "local." + attr.Name, typ: "local"}
				n.add(attr.Expr)
				nodes = append(nodes, n)
			}
		case len(b.Labels) == 2 && (b.Type == "resource" || b.Type == "data"):
			n := node{key: b.Labels[0] + "." + b.Labels[1], typ: b.Labels[0]}
			if b.Type == "data" {
				n.key = "data." + n.key
			}
			n.add(b.Body)
			nodes = append(nodes, n)
		default:
			n := node{key: b.Type + "." + strings.Join(b.Labels, "."), typ: b.Type}
			n.add(b.Body)
			nodes = append(nodes, n)
		}
	}
	return nodes
}

// add collects what stands below a node of the syntax tree.
func (n *node) add(from hclsyntax.Node) {
	_ = hclsyntax.VisitAll(from, func(in hclsyntax.Node) hcl.Diagnostics {
		switch e := in.(type) {
		case *hclsyntax.ScopeTraversalExpr:
			n.refs = append(n.refs, refOf(e.Traversal))
		case *hclsyntax.TemplateExpr:
			n.values = append(n.values, literal(e))
		}
		return nil
	})
}

// literal is a template's text, with * for what is inserted.
func literal(e *hclsyntax.TemplateExpr) string {
	var b strings.Builder
	for _, part := range e.Parts {
		l, ok := part.(*hclsyntax.LiteralValueExpr)
		if ok && l.Val.Type() == cty.String && l.Val.IsKnown() && !l.Val.IsNull() {
			b.WriteString(l.Val.AsString())
		} else {
			b.WriteByte('*')
		}
	}
	return b.String()
}

// refOf is the block or local that a reference names.
func refOf(t hcl.Traversal) string {
	parts := []string{t.RootName()}
	want := 2
	if t.RootName() == "data" {
		want = 3
	}
	for _, step := range t[1:] {
		attr, ok := step.(hcl.TraverseAttr)
		if !ok || len(parts) == want {
			break
		}
		parts = append(parts, attr.Name)
	}
	return strings.Join(parts, ".")
}

// through are the types that only hand references on.
func through(typ string) bool { return typ == "local" || typ == "aws_iam_policy_document" }

func link(nodes []node) *References {
	r := &References{granted: map[string]bool{}, used: map[string]bool{}}
	byKey := map[string][]node{}
	for _, n := range nodes {
		byKey[n.key] = append(byKey[n.key], n)
	}
	for _, n := range nodes {
		switch n.typ {
		case "local", secretType, secretType + "_version", parameterType, "moved", "import", "removed":
			continue
		}
		grants := policies().MatchString(n.typ)
		// What is handed to a module, or out of one, can be granted there.
		handed := n.typ == "output" || n.typ == "module" || n.typ == "json"
		refs, values := closure(n, byKey)
		for _, ref := range refs {
			address := strings.Replace(ref, secretType+"_version.", secretType+".", 1)
			if strings.HasPrefix(address, secretType+".") || strings.HasPrefix(address, parameterType+".") {
				r.granted[address] = r.granted[address] || grants || handed
				r.used[address] = r.used[address] || !grants
			}
		}
		for _, value := range values {
			if pattern := grantPattern(value, ":secret:"); grants && pattern != nil {
				r.patterns = append(r.patterns, pattern)
			}
			if pattern := grantPattern(strings.Replace(value, ":parameter/", ":parameter", 1), ":parameter"); grants && pattern != nil {
				r.parameters = append(r.parameters, pattern)
			}
		}
	}
	return r
}

// grantPattern is what a policy's resource says of the end of ARNs, after what
// all of a kind have in common; nil if it is about something else.
//
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html
func grantPattern(resource, before string) *regexp.Regexp {
	end := "*"
	if resource != "*" {
		_, after, found := strings.Cut(resource, before)
		if !found {
			return nil
		}
		end = after
	}
	quoted := strings.NewReplacer(`\*`, ".*", `\?`, ".").Replace(regexp.QuoteMeta(end))
	pattern, err := regexp.Compile("^" + quoted + "$")
	if err != nil {
		return nil
	}
	return pattern
}

// closure is what a block refers to, itself and through locals and policy
// documents.
func closure(n node, byKey map[string][]node) (refs, values []string) {
	seen := map[string]bool{n.key: true}
	todo := []node{n}
	for len(todo) > 0 {
		one := todo[0]
		todo = todo[1:]
		refs, values = append(refs, one.refs...), append(values, one.values...)
		for _, ref := range one.refs {
			if seen[ref] {
				continue
			}
			seen[ref] = true
			for _, next := range byKey[ref] {
				if through(next.typ) {
					todo = append(todo, next)
				}
			}
		}
	}
	return refs, values
}

// plain takes modules and instance keys from an address.
func plain(address string) string {
	i := max(strings.LastIndex(address, secretType+"."), strings.LastIndex(address, parameterType+"."))
	if i < 0 {
		return address
	}
	address, _, _ = strings.Cut(address[i:], "[")
	return address
}

// Granted reports whether a policy names a secret, or its ARN by a pattern. A
// name that is not known is taken for one that fits.
func (r *References) Granted(address, name string) bool {
	return r.granted[plain(address)] || slices.ContainsFunc(r.patterns, func(p *regexp.Regexp) bool {
		return name == "" || p.MatchString(name+"-AbCdEf")
	})
}

// GrantedParameter is Granted of a parameter of Systems Manager.
func (r *References) GrantedParameter(address, name string) bool {
	return r.granted[plain(address)] || slices.ContainsFunc(r.parameters, func(p *regexp.Regexp) bool {
		return name == "" || p.MatchString(strings.TrimPrefix(name, "/"))
	})
}

// Used reports whether something else than a policy names a secret.
func (r *References) Used(address string) bool { return r.used[plain(address)] }

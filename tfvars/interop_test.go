//go:build interop

package tfvars_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"hci/internal/testing/interop"
	"hci/tfvars"
)

// console runs one expression in a directory that declares the variables, each
// of any type and null by default, with src as its variables file.
func console(t *testing.T, file string, src []byte, names []string, expression string) (stdout []byte, err error) {
	t.Helper()
	terraform := interop.Need(t, "terraform")
	dir := t.TempDir()
	var tf strings.Builder
	for _, name := range names {
		fmt.Fprintf(&tf, "variable %q {\n  type    = any\n  default = null\n}\n", name)
	}
	for path, content := range map[string][]byte{"main.tf": []byte(tf.String()), file: src} {
		if err := os.WriteFile(filepath.Join(dir, path), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, terraform, "console", "-var-file="+file)
	cmd.Dir = dir
	cmd.Env = []string{"CHECKPOINT_DISABLE=1", "TF_IN_AUTOMATION=1", "HOME=" + dir, "PATH=" + os.Getenv("PATH")}
	cmd.Stdin = strings.NewReader(expression + "\n")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	stdout, err = cmd.Output()
	if err != nil {
		err = fmt.Errorf("%w: %s", err, stderr.Bytes())
	}
	return stdout, err
}

// valuesExpression is an expression for what variables returns, encoded so that
// the console has nothing to quote. Every text is encoded by itself: Terraform
// normalizes strings, and a combining accent behind the "\u003c" of a JSON text
// would become one with the "c".
//
// It is short, as the console reads lines of at most 64 KiB, and silently no
// others.
func valuesExpression(names []string) string {
	vars := make([]string, len(names))
	for i, n := range names {
		vars[i] = "var." + n
	}
	return "base64encode(jsonencode([for v in [" + strings.Join(vars, ", ") + "] : {" +
		"text = try(base64encode(try(tostring(v), jsonencode(v))), null), json = try(base64encode(jsonencode(v)), null)}]))"
}

// terraformValues returns what Terraform reads in a variables file.
func terraformValues(t *testing.T, file string, src []byte, names []string) []variable {
	t.Helper()
	out, err := console(t, file, src, names, valuesExpression(names))
	if err != nil {
		t.Fatalf("terraform refuses: %v", err)
	}
	lines := strings.Split(strings.TrimSpace(string(out)), "\n") // warnings stand before the result
	vars := []variable{}
	if err := json.Unmarshal(unbase64(t, strings.Trim(lines[len(lines)-1], `"`)), &vars); err != nil {
		t.Fatal(err)
	}
	if len(vars) != len(names) {
		t.Fatalf("%d values for %d names", len(vars), len(names))
	}
	for i, name := range names {
		vars[i].Name = name
		for _, field := range []*string{vars[i].Text, vars[i].JSON} {
			if field != nil {
				*field = string(unbase64(t, *field))
			}
		}
	}
	return vars
}

func unbase64(t *testing.T, text string) []byte {
	t.Helper()
	decoded, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return decoded
}

// declarable leaves out the names that no declaration can have; they occur in
// JSON, where Terraform only warns of them.
func declarable(vars []variable) (kept []variable, names []string) {
	kept = []variable{}
	for _, v := range vars {
		if hclsyntax.ValidIdentifier(v.Name) {
			kept, names = append(kept, v), append(names, v.Name)
		}
	}
	return kept, names
}

func TestInteropValid(t *testing.T) {
	interop.Need(t, "terraform")
	for _, c := range cases(t, "valid") {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			f, err := tfvars.Parse(c.src, filepath.Base(c.path))
			if err != nil {
				t.Fatal(err)
			}
			got, names := declarable(variables(t, f))
			want := terraformValues(t, filepath.Base(c.path), c.src, names)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("values (-terraform +hci):\n%s", diff)
			}
		})
	}
}

func TestInteropInvalid(t *testing.T) {
	interop.Need(t, "terraform")
	names := []string{"a", "b", "c", "d"}
	for file, src := range map[string]string{"in.tfvars": "a = 1\n", "in.tfvars.json": `{"a": 1}`} {
		if _, err := console(t, file, []byte(src), names, "1"); err != nil {
			t.Fatalf("terraform refuses a valid file: %v", err)
		}
	}
	for _, c := range cases(t, "invalid") {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if _, err := tfvars.Parse(c.src, filepath.Base(c.path)); err == nil {
				t.Error("hci accepts")
			}
			if _, err := console(t, filepath.Base(c.path), c.src, names, "1"); err == nil {
				t.Error("terraform accepts")
			}
		})
	}
}

// hostileTexts are made of what means something in one syntax or the other.
func hostileTexts(n int) []string {
	parts := []string{
		"$", "%", "{", "}", "${", "%{", "$${", "%%{", "${x}", "%{if}", "~", `"`, `\`, "\n", "\r", "\r\n", "\t", " ", "  ",
		"\x00", "\x01", "\x7f", "\u0085", "\u00a0", "\u200b", "\u2028", "\ufeff", "\ufffd", "é", "e\u0301", "\u0301", "😀",
		"EOT", "\nEOT\n", "x", "abc", "#", "//", "/*", "*/", "<", "&", "'", "`", "u0041", `\u0041`, "n", "=", "[", "]", ",",
	}
	random := rand.New(rand.NewPCG(1, 2))
	texts := append([]string{"", "\n", "\n\n", "  x\n    y\n", "x\n\n\ny\n"}, parts...)
	for len(texts) < n {
		var b strings.Builder
		for range 1 + random.IntN(8) {
			b.WriteString(parts[random.IntN(len(parts))])
		}
		if random.IntN(2) == 0 {
			b.WriteString("\n") // could be a heredoc
		}
		texts = append(texts, b.String())
	}
	return texts
}

// TestInteropSet writes values in every way that Set knows, and has Terraform
// read them.
func TestInteropSet(t *testing.T) {
	interop.Need(t, "terraform")
	values := map[string]cty.Value{
		"n_int": cty.MustParseNumberVal("9007199254740993"), "n_big": cty.MustParseNumberVal("1e400"),
		"n_small": cty.MustParseNumberVal("-1.5e-300"), "n_float": cty.NumberFloatVal(0.1), "n_third": cty.MustParseNumberVal("1").Divide(cty.NumberIntVal(3)),
		"b": cty.False, "null": cty.NullVal(cty.String), "list": cty.ListVal([]cty.Value{cty.StringVal("a"), cty.NullVal(cty.String)}),
		"empty_list": cty.ListValEmpty(cty.String), "empty_map": cty.MapValEmpty(cty.String),
		"map":    cty.MapVal(map[string]cty.Value{"a.b": cty.NumberIntVal(1), "": cty.Zero, "${x}": cty.Zero, "for": cty.Zero, "null": cty.Zero, "é": cty.Zero, "a-b": cty.Zero}),
		"set":    cty.SetVal([]cty.Value{cty.StringVal("z"), cty.StringVal("a")}),
		"nested": cty.ObjectVal(map[string]cty.Value{"x": cty.TupleVal([]cty.Value{cty.True, cty.ObjectVal(map[string]cty.Value{"y": cty.StringVal("$${\n")})})}),
	}
	for i, s := range hostileTexts(600) {
		values[fmt.Sprintf("s%03d", i)] = cty.StringVal(s)
	}
	for form, old := range map[string]string{
		"new": "", "new after no newline": "x = 1", "new after CRLF": "x = 1\r\n",
		"in place": "%s = \"old\" # c\n", "in lines": "%s = [\n  1,\n]\n",
		"heredoc": "%s = <<EOT\nold\nEOT\n", "flush heredoc": "  %s = <<-END\n    old\n    END\n",
		"heredoc CRLF": "%s = <<EOT\r\nold\r\nEOT\r\n",
		"json new":     `{}`, "json in place": `"%s": "old",` + "\n",
	} {
		t.Run(form, func(t *testing.T) {
			t.Parallel()
			file, src := "in.tfvars", ""
			if strings.HasPrefix(form, "json") {
				file = "in.tfvars.json"
			}
			switch {
			case strings.Contains(old, "%s"):
				for name := range values {
					src += fmt.Sprintf(old, name)
				}
			default:
				src = old
			}
			if strings.HasPrefix(src, `"`) {
				src = "{" + strings.TrimSuffix(src, ",\n") + "}"
			}
			f, err := tfvars.Parse([]byte(src), file)
			if err != nil {
				t.Fatal(err)
			}
			var names []string
			var want []variable
			for name, v := range values {
				if err := f.Set(name, v); err != nil {
					t.Fatalf("%s: %v", name, err)
				}
				one := tfvars.New("one.tfvars")
				if err := one.Set(name, v); err != nil {
					t.Fatal(err)
				}
				names, want = append(names, name), append(want, variables(t, one)...)
			}
			if got := terraformValues(t, file, f.Bytes(), names); cmp.Diff(want, got) != "" {
				t.Errorf("values (-hci +terraform):\n%s", cmp.Diff(want, got))
			}
		})
	}
}

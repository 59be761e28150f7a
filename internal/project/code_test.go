package project

import (
	"os"
	"path/filepath"
	"testing"
)

// A backend and a use of the workspace are what they are in either syntax, and a
// text that only looks like one is none.
func TestCodeInJSON(t *testing.T) {
	for name, c := range map[string]struct {
		code string
		want backend
		uses bool
	}{
		"s3":                      {`{"terraform": {"backend": {"s3": {"bucket": "b", "key": "k", "workspace_key_prefix": "envs"}}}}`, backend{kind: "s3", several: true, attribute: "workspace_key_prefix"}, false},
		"s3 without a key":        {`{"terraform": {"backend": {"s3": {"bucket": "b"}}}}`, backend{kind: "s3", atInit: true}, false},
		"arrays":                  {`{"terraform": [{"backend": [{"remote": {"workspaces": {"prefix": "app-"}}}]}]}`, backend{kind: "remote", several: true, attribute: "workspaces { prefix }"}, false},
		"cloud":                   {`{"terraform": {"cloud": {"workspaces": {"name": "only"}}}}`, backend{kind: "cloud", name: "only"}, false},
		"cloud by tags":           {`{"terraform": {"cloud": {"workspaces": [{"tags": ["app"]}]}}}`, backend{kind: "cloud", several: true, attribute: "workspaces { tags }"}, false},
		"a name that is no text":  {`{"terraform": {"cloud": {"workspaces": {"name": "${local.x}"}}}}`, backend{kind: "cloud"}, false},
		"a text":                  {`{"//": "terraform.workspace", "locals": {"doc": "terraform.workspace and workspace_key_prefix, \"backend\""}}`, backend{}, false},
		"a use":                   {`{"locals": {"names": [{"a": "x-${terraform.workspace}"}]}}`, backend{}, true},
		"a use by its other name": {`{"resource": {"aws_s3_bucket": {"a": {"bucket": "${tofu.workspace}"}}}}`, backend{}, true},
		"not JSON":                {`{"terraform": `, backend{}, false},
		"nested too deep":         {`{"locals": {"a": ` + nest(5000) + `}}`, backend{}, false},
	} {
		dir, err := filepath.EvalSymlinks(t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, "main.tf.json")
		if err := os.WriteFile(path, []byte(c.code), 0o600); err != nil {
			t.Fatal(err)
		}
		f := codeReader{boundary: dir, known: map[string]*facts{}}.read(dir)
		if c.want != (backend{}) {
			c.want.file = path
		}
		if f.backend != c.want || (f.workspace == path) != c.uses {
			t.Errorf("%s: %+v, workspace %q", name, f.backend, f.workspace)
		}
	}
}

func nest(n int) string {
	open, closed := make([]byte, n), make([]byte, n)
	for i := range n {
		open[i], closed[i] = '[', ']'
	}
	return string(open) + string(closed)
}

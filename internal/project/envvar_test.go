package project

import (
	"path/filepath"
	"strings"
	"testing"
)

const filepathSeparator = filepath.Separator

func TestEnvVars(t *testing.T) {
	p := find(t, tree(t, `-- hci.hcl --
env {
  PLAIN   = "0"
  RENAMED = var.db_password
  GONE    = null
  MIXED   = "${var.user}:${var.db_password}@${secret.host}${secret["port"]}"
  OWN     = var.x
}
environment "a" {
  env {
    OWN  = (null)
    MORE = (var.y)
  }
}
environment "b" {}
`), Options{})
	describe := func(env string) string {
		var lines []string
		for _, v := range p.EnvVars(env) {
			vars, secrets := v.References()
			name, renames := v.Renames()
			line := v.Key
			if v.IsNull() {
				line += " null"
			}
			if renames {
				line += " renames " + name
			}
			lines = append(lines, strings.TrimSpace(line+" "+strings.Join(vars, ",")+" "+strings.Join(secrets, ",")))
		}
		return strings.Join(lines, "\n")
	}
	const general = "GONE null\nMIXED db_password,user host,port\n"
	if got, want := describe("a"), general+"MORE renames y y\nOWN null\nPLAIN\nRENAMED renames db_password db_password"; got != want {
		t.Errorf("a has\n%s\nwant\n%s", got, want)
	}
	if got, want := describe("b"), general+"OWN renames x x\nPLAIN\nRENAMED renames db_password db_password"; got != want {
		t.Errorf("b has\n%s\nwant\n%s", got, want)
	}
	v := p.EnvVars("a")[2]
	if v.Line != 11 || v.Column != 5 || filepath.Base(v.File) != configName {
		t.Errorf("%s is at %s:%d:%d", v.Key, v.File, v.Line, v.Column)
	}
}

//go:build interop

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"hci/internal/testing/interop"
)

// TestInteropScripts runs testdata/interop/*.txtar: the commands together with
// real programs. A script's first line names those that it needs.
func TestInteropScripts(t *testing.T) {
	scripts, err := filepath.Glob("testdata/interop/*.txtar")
	if err != nil || len(scripts) == 0 {
		t.Fatalf("no scripts in testdata/interop: %v", err)
	}
	for _, path := range scripts {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
			src, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			line, _, _ := strings.Cut(string(src), "\n")
			needs, ok := strings.CutPrefix(line, "# needs: ")
			if !ok {
				t.Fatalf("%s: the first line is not '# needs: …'", path)
			}
			for program := range strings.FieldsSeq(needs) {
				if program == "boto3" {
					if err := exec.Command("python3", "-c", "import boto3").Run(); err != nil {
						interop.Missing(t, program, "python3 can't import it")
					}
					continue
				}
				interop.Need(t, program)
			}
			testscript.Run(t, testscript.Params{
				Files: []string{path}, RequireExplicitExec: true, RequireUniqueNames: true, Setup: interopSetup, Condition: condition,
				Cmds: map[string]func(*testscript.TestScript, bool, []string){
					"exits": exitsCmd, "sample": sampleCmd, "seal": sealCmd, "sealed": sealedCmd,
				},
			})
		})
	}
}

// interopSetup adds what programs need of the real environment.
func interopSetup(env *testscript.Env) error {
	env.Setenv("TF_CLI_CONFIG_FILE", os.DevNull)
	env.Setenv("CHECKPOINT_DISABLE", "1")
	env.Setenv("PYENV_VERSION", os.Getenv("PYENV_VERSION"))
	return setup(env)
}

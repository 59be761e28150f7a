//go:build bench

package tfvars_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/zclconf/go-cty/cty"

	"hci/tfvars"
)

// TestBenchParse compares with "terraform console -var-file", whole process,
// whose own start and end on an empty file are taken off.
func TestBenchParse(t *testing.T) {
	src := manyVariables(10_000)
	parse, edit := time.Hour, time.Hour
	for range 5 {
		start := time.Now()
		f, err := tfvars.Parse(src, "x.tfvars")
		if err != nil {
			t.Fatal(err)
		}
		parsed := time.Now()
		if err := f.Set("variable_05000", cty.StringVal("new")); err != nil {
			t.Fatal(err)
		}
		parse, edit = min(parse, parsed.Sub(start)), min(edit, time.Since(parsed))
	}
	fmt.Printf("bench edit one of 10000 variables: %.1f ms, with parsing %.1f ms (goal: under 1000)\n", ms(edit), ms(parse+edit))
	terraform, err := exec.LookPath("terraform")
	if err != nil {
		t.Skip("bench: terraform is not installed, nothing to compare with")
	}
	dir := t.TempDir()
	var tf strings.Builder
	for i := range 10_000 {
		fmt.Fprintf(&tf, "variable \"variable_%05d\" {}\n", i)
	}
	for path, text := range map[string]string{"main.tf": tf.String(), "x.tfvars": string(src)} {
		if err := os.WriteFile(filepath.Join(dir, path), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	console := func(dir string, args ...string) time.Duration {
		best := time.Hour
		for range 3 {
			cmd := exec.Command(terraform, append([]string{"console"}, args...)...)
			cmd.Dir, cmd.Stdin = dir, strings.NewReader("1\n")
			cmd.Env = []string{"HOME=" + dir, "CHECKPOINT_DISABLE=1", "TF_IN_AUTOMATION=1"}
			start := time.Now()
			if err := cmd.Run(); err != nil {
				t.Fatal(err)
			}
			best = min(best, time.Since(start))
		}
		return best
	}
	peer, nothing := console(dir, "-var-file=x.tfvars"), console(t.TempDir())
	fmt.Printf("bench parse 10000 variables: hci %.1f ms, terraform console %.1f ms (%.1f ms of it to start), ratio %.1f (goal: at least 2)\n",
		ms(parse), ms(peer), ms(nothing), float64(peer-nothing)/float64(parse))
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

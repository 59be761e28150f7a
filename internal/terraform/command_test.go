package terraform_test

import (
	"errors"
	"strings"
	"testing"

	"hci/internal/terraform"
)

func TestInvocation(t *testing.T) {
	for line, want := range map[string]bool{
		"plan": true, "plan -out=f": true, "apply": true, "destroy -auto-approve": true, "refresh": true,
		"import a.b id": true, "console": true, "test": true, "apply -target a.b -auto-approve": true,
		"apply -var x=y": true, "apply -parallelism 3": true, "apply --target a.b": true,
		"apply planfile": false, "apply -auto-approve planfile": false, "apply -lock=false planfile": false,
		"plan -help": false, "-help plan": false, "output": false, "init": false, "workspace new a": false,
		"state list": false, "": false, "-version": false, "validate": false, "fmt": false,
	} {
		in, err := terraform.NewInvocation(strings.Fields(line))
		if err != nil || in.TakesVariables() != want {
			t.Errorf("%q: %v, %v", line, in.TakesVariables(), err)
		}
	}
	for _, line := range []string{"-chdir=x plan", "-chdir x plan", "--chdir=x plan"} {
		if _, err := terraform.NewInvocation(strings.Fields(line)); !errors.Is(err, terraform.ErrDirectory) {
			t.Errorf("%q: %v", line, err)
		}
	}
}

func TestLeaks(t *testing.T) {
	for line, want := range map[string]int{"plan -out=f": 1, "plan -out f": 1, "plan": 0, "apply f": 0, "output -out=f": 0} {
		in, err := terraform.NewInvocation(strings.Fields(line))
		if err != nil || len(in.Leaks(nil)) != want {
			t.Errorf("%q: %q, %v", line, in.Leaks(nil), err)
		}
	}
	in, _ := terraform.NewInvocation([]string{"plan"})
	if got := in.Leaks([]string{"TF_LOG_PATH=/tmp/log"}); len(got) != 1 {
		t.Errorf("%q", got)
	}
}

//go:build interop

package dotenv

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"hci/internal/testing/interop"
)

// printer prints its environment.
const printer = `package main

import "os"

func main() {
	for _, e := range os.Environ() {
		os.Stdout.WriteString(e + "\x00")
	}
}
`

// dockerRun gives files to "docker run --env-file" of an image with nothing in
// it but a program that prints its environment.
func dockerRun(t *testing.T) readFiles {
	docker := interop.Need(t, "docker")
	host := []string{interop.Docker(t)}
	dir := t.TempDir()
	build(t, dir, map[string]string{"go.mod": "module printer\n", "main.go": printer}, "environ")
	tar := exec.Command("tar", "-c", "-C", dir, "-f", filepath.Join(dir, "image.tar"), "environ")
	if err := tar.Run(); err != nil {
		t.Fatal(err)
	}
	image, ok := run(t, dir, host, "", docker, "import", "--change", `ENTRYPOINT ["/environ"]`, "image.tar")
	if !ok {
		t.Fatal("docker import failed")
	}
	id := strings.TrimSpace(string(image))
	t.Cleanup(func() { run(t, dir, host, "", docker, "rmi", "--force", id) })
	return each(func(file string) map[string]string {
		out, ok := run(t, dir, host, "", docker, "run", "--rm", "--network", "none", "--env-file", file, id)
		if !ok {
			return nil
		}
		return pairsOf(out)
	})
}

// build compiles a program from the files given.
func build(t *testing.T, dir string, files map[string]string, name string) {
	t.Helper()
	for file, text := range files {
		if err := os.WriteFile(filepath.Join(dir, file), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command(interop.Need(t, "go"), "build", "-mod=mod", "-o", name, ".")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOWORK=off", "GOFLAGS=")
	if out, err := cmd.CombinedOutput(); err != nil {
		interop.Missing(t, "compose-go", "cannot be built: "+string(out))
	}
}

// composeGo builds the parser of Docker Compose 2 from the module proxy.
func composeGo(t *testing.T) readFiles {
	dir := t.TempDir()
	build(t, dir, map[string]string{
		"go.mod": "module reader\n\ngo 1.25\n\nrequire github.com/compose-spec/compose-go/v2 v2.16.2\n",
		"main.go": `package main

import (
	"encoding/json"
	"io"
	"os"
	"strings"

	"github.com/compose-spec/compose-go/v2/dotenv"
)

func main() {
	in, _ := io.ReadAll(os.Stdin)
	var all []map[string]string
	for _, file := range strings.Split(string(in), "\n") {
		m, err := dotenv.ReadFile(file, nil)
		if err != nil {
			m = nil
		}
		all = append(all, m)
	}
	json.NewEncoder(os.Stdout).Encode(all)
}
`}, "reader")
	return script(t, nil, filepath.Join(dir, "reader"))
}

// systemdGenerator reads files with the parser of EnvironmentFile=, through
// the generator that reads environment.d(5). That one expands variables
// afterwards, where "$$" stands for "$".
func systemdGenerator(t *testing.T) readFiles {
	const path = "/usr/lib/systemd/user-environment-generators/30-systemd-environment-d-generator"
	if _, err := os.Stat(path); err != nil {
		interop.Missing(t, "systemd", "it has no generator for environment.d here")
	}
	return each(func(file string) map[string]string {
		config := t.TempDir()
		if err := os.Mkdir(filepath.Join(config, "environment.d"), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(file, filepath.Join(config, "environment.d", "99-test.conf")); err != nil {
			t.Fatal(err)
		}
		out, ok := run(t, "", []string{"XDG_CONFIG_HOME=" + config}, "", path)
		if !ok {
			return nil
		}
		m := map[string]string{}
		for line := range strings.Lines(string(out)) {
			key, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "=")
			m[key] = unescapeShell(value)
		}
		return m
	})
}

// generatorLacks leaves out the empty value: the generator drops the
// variable, which a unit would get.
func generatorLacks(*testing.T) func(v string) bool {
	return func(v string) bool { return v == "" }
}

// unescapeShell undoes systemd's shell_maybe_quote.
func unescapeShell(s string) string {
	if !strings.HasPrefix(s, `"`) {
		return s
	}
	s = strings.TrimSuffix(s[1:], `"`)
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' || i+1 == len(s) {
			b.WriteByte(s[i])
			continue
		}
		i++
		if at := strings.IndexByte("abfnrtv", s[i]); at >= 0 {
			b.WriteByte("\a\b\f\n\r\t\v"[at])
			continue
		}
		if n, err := strconv.ParseUint(s[i:min(i+3, len(s))], 8, 8); err == nil {
			b.WriteByte(byte(n))
			i += 2
			continue
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

//go:build interop

package dotenv

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"hci/internal/interop"
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
	host := dockerHost(t, docker)
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

// dockerHost returns the environment that names a running engine; it starts
// one of its own if there is none.
func dockerHost(t *testing.T, docker string) []string {
	host := []string{"DOCKER_HOST=" + os.Getenv("DOCKER_HOST")}
	answers := func() bool {
		_, ok := run(t, "", host, "", docker, "version")
		return ok
	}
	if answers() {
		return host
	}
	dockerd := interop.Need(t, "dockerd")
	if os.Getuid() != 0 {
		interop.Missing(t, "docker", "no engine runs, and starting one needs root")
	}
	dir, err := os.MkdirTemp("", "hci") // a short path: it holds a socket
	if err != nil {
		t.Fatal(err)
	}
	host = []string{"DOCKER_HOST=unix://" + dir + "/s"}
	cmd := exec.Command(dockerd, "--iptables=false", "--ip6tables=false", "--bridge=none",
		"--data-root", dir+"/data", "--exec-root", dir+"/exec", "--pidfile", dir+"/pid", "-H", "unix://"+dir+"/s")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		<-ended
		_ = os.RemoveAll(dir)
	})
	for !answers() {
		select {
		case err := <-ended:
			ended <- err
			interop.Missing(t, "docker", "no engine runs, and dockerd does not start here")
		case <-time.After(100 * time.Millisecond):
		}
	}
	return host
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

package interop

import (
	"bytes"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// startTimeout is how long a server may take to answer.
const startTimeout = time.Minute

// Docker returns the environment that names a running Docker Engine,
// "DOCKER_HOST=…". It starts one of its own if there is none, which needs root;
// that has no network bridge.
func Docker(t testing.TB) string {
	t.Helper()
	docker := Need(t, "docker")
	host := "DOCKER_HOST=" + os.Getenv("DOCKER_HOST")
	answers := func() bool {
		cmd := exec.Command(docker, "version")
		cmd.Env = append(os.Environ(), host)
		return cmd.Run() == nil
	}
	if answers() {
		return host
	}
	dockerd := Need(t, "dockerd")
	if os.Getuid() != 0 {
		Missing(t, "docker", "no engine runs, and starting one needs root")
	}
	dir, err := os.MkdirTemp("", "hci") // a short path: it holds a socket
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	host = "DOCKER_HOST=unix://" + dir + "/s"
	ended := start(t, exec.Command(dockerd, "--iptables=false", "--ip6tables=false", "--bridge=none",
		"--data-root", dir+"/data", "--exec-root", dir+"/exec", "--pidfile", dir+"/pid", "-H", "unix://"+dir+"/s"))
	for !answers() {
		select {
		case <-ended:
			Missing(t, "docker", "no engine runs, and dockerd does not start here")
		case <-time.After(100 * time.Millisecond):
		}
	}
	return host
}

// start starts a server that ends with the test; the channel is closed when it
// has ended.
func start(t testing.TB, cmd *exec.Cmd) <-chan struct{} {
	t.Helper()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = cmd.Wait()
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		select {
		case <-ended:
		case <-time.After(20 * time.Second):
			_ = cmd.Process.Kill()
			<-ended
		}
	})
	return ended
}

// Port is one of the loopback address that is free now.
func Port(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	return port
}

// await waits until a server answers requests for a URL, whatever it answers.
func await(t testing.TB, url string) {
	t.Helper()
	for deadline := time.Now().Add(startTimeout); ; {
		resp, err := http.Get(url)
		if err == nil {
			_ = resp.Body.Close()
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s does not answer", url)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// Moto starts a moto server and returns its URL.
func Moto(t testing.TB) string {
	t.Helper()
	url := "http://127.0.0.1:" + Port(t)
	start(t, exec.Command(Need(t, "moto_server"), "-H", "127.0.0.1", "-p", url[len("http://127.0.0.1:"):]))
	await(t, url+"/moto-api/")
	return url
}

// Registry starts a container registry that asks for a login, and returns its
// host, "127.0.0.1:port".
func Registry(t testing.TB, user, password string) string {
	t.Helper()
	program, htpasswd := Need(t, "docker-registry"), Need(t, "htpasswd")
	dir := t.TempDir()
	cmd := exec.Command(htpasswd, "-inB", user)
	cmd.Stdin = bytes.NewBufferString(password)
	line, err := cmd.Output()
	if err != nil {
		t.Fatalf("htpasswd: %v", err)
	}
	host := "127.0.0.1:" + Port(t)
	config := fmt.Sprintf(`version: 0.1
log: {level: error, accesslog: {disabled: true}}
storage: {filesystem: {rootdirectory: %q}}
http: {addr: %q}
auth: {htpasswd: {realm: test, path: %q}}
`, filepath.Join(dir, "data"), host, filepath.Join(dir, "htpasswd"))
	for name, text := range map[string]string{"htpasswd": string(line), "config.yml": config} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	start(t, exec.Command(program, "serve", filepath.Join(dir, "config.yml")))
	await(t, "http://"+host+"/v2/")
	return host
}

package docker

import (
	"io"
	"os"
	"slices"
	"strings"
	"testing"
)

func TestScan(t *testing.T) {
	const help = "\nRun 'docker run --help' for more information\n"
	for _, c := range []struct {
		text  string
		lines []string
		last  string
	}{
		{"", nil, ""},
		{"a\nb\n", []string{"a", "b"}, "b"},
		{"a\r\n\nb", []string{"a", "", "b"}, "b"},
		{"a\n\n", []string{"a", ""}, "a"},
		{strings.Repeat("x", 100_000) + "\n", []string{strings.Repeat("x", 100_000)}, strings.Repeat("x", 100_000)},
		{"docker: Error response from daemon: No such image: a:1\n" + help, []string{"docker: Error response from daemon: No such image: a:1", "", "Run 'docker run --help' for more information"}, "docker: Error response from daemon: No such image: a:1"},
		{"a\ndocker: one\ndocker: two\nb\n", []string{"a", "docker: one", "docker: two", "b"}, "docker: two"},
	} {
		var lines []string
		last := scan(slow{strings.NewReader(c.text)}, func(line string) { lines = append(lines, line) })
		if !slices.Equal(lines, c.lines) || last != c.last {
			t.Errorf("%.40q: %.40q, last %.40q", c.text, lines, last)
		}
	}
}

// slow reads a few bytes at a time.
type slow struct{ r io.Reader }

func (r slow) Read(p []byte) (int, error) { return r.r.Read(p[:min(7, len(p))]) }

// TestVariables: no value is in a command line, and none changes what docker
// does.
func TestVariables(t *testing.T) {
	e, _ := ofUser(t, "", "PATH=/mine")
	s := session(t, e)
	container := []string{"A=s3cr3t", "B=two\nlines", "EMPTY=", "PATH=/theirs", "HOME=/root", "DOCKER_HOST=tcp://theirs", "BUILDX_BUILDER=x", "LD_PRELOAD=/lib/jemalloc.so", "https_proxy=http://p", "HTTPS_PROXY_X=1"}
	environ, argv, err := s.variables(container)
	if err != nil {
		t.Fatal(err)
	}
	if want := append(slices.Clone(s.environ), "A=s3cr3t", "B=two\nlines", "EMPTY=", "HTTPS_PROXY_X=1"); !slices.Equal(environ, want) {
		t.Errorf("%q", environ)
	}
	file := argv[len(argv)-1]
	if want := []string{"--env", "A", "--env", "B", "--env", "EMPTY", "--env", "HTTPS_PROXY_X", "--env-file", file}; !slices.Equal(argv, want) {
		t.Errorf("%q", argv)
	}
	text, err := os.ReadFile(file)
	if want := "PATH=/theirs\nHOME=/root\nDOCKER_HOST=tcp://theirs\nBUILDX_BUILDER=x\nLD_PRELOAD=/lib/jemalloc.so\nhttps_proxy=http://p\n"; string(text) != want || err != nil {
		t.Errorf("%q, %v", text, err)
	}
	if !strings.HasPrefix(file, s.dir.Path) {
		t.Errorf("%s is not in the private directory", file)
	}
}

func TestVariablesThatCannotBeHandedOver(t *testing.T) {
	e, private := ofUser(t, "")
	s := session(t, e)
	for _, entry := range []string{"HOME=s3cr3t\ntwo", "HOME=s3cr3t\r", "DOCKER_X=s3cr3t\xff"} {
		if _, _, err := s.variables([]string{entry}); err == nil || strings.Contains(err.Error(), "s3cr3t") {
			t.Errorf("%q: %v", entry, err)
		}
	}
	own := e.OwnSession(registry, io.Discard)
	if _, _, err := own.variables([]string{"HOME=s3cr3t"}); err == nil || strings.Contains(err.Error(), "s3cr3t") {
		t.Errorf("without a private directory: %v", err)
	}
	if _, argv, err := own.variables([]string{"A=1"}); err != nil || !slices.Equal(argv, []string{"--env", "A"}) {
		t.Errorf("%q, %v", argv, err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if left, err := os.ReadDir(private); err != nil || len(left) != 0 {
		t.Errorf("%v, %v", left, err)
	}
}

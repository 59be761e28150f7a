package docker

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"
)

const registry = "123456789012.dkr.ecr.eu-central-1.amazonaws.com"

// ofUser is an engine of a user with a configuration, whose private directories
// lie in the directory returned.
func ofUser(t *testing.T, config string, environ ...string) (*Engine, string) {
	t.Helper()
	user, private := t.TempDir(), t.TempDir()
	if config != "" {
		write(t, filepath.Join(user, "config.json"), config)
	}
	e := &Engine{Host: "unix:///s", environ: append([]string{"XDG_RUNTIME_DIR=" + private, "HOME=/h", "DOCKER_CONFIG=" + user}, environ...)}
	var err error
	if e.user, err = readUserConfig(e.environ); err != nil {
		t.Fatal(err)
	}
	return e, private
}

func session(t *testing.T, e *Engine) *Session {
	t.Helper()
	s, err := e.Session(registry, os.Args[0], io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// TestPrivateConfiguration: everything of the user's is kept, but for the
// credentials of the session's registry and for helpers that are not there.
func TestPrivateConfiguration(t *testing.T) {
	helpersOnPath(t, "here")
	for _, c := range []struct{ name, user, want string }{
		{"none", ``, `{"credHelpers":{"R":""},"cliPluginsExtraDirs":["PLUGINS"]}`},
		{"null", `null`, `{"credHelpers":{"R":""},"cliPluginsExtraDirs":["PLUGINS"]}`},
		{"auths of others",
			`{"auths":{"R":{"auth":"b2xk"},"https://R":{"auth":"b2xk"},"https://R/v1/":{},"http://R":{},"other.example":{"auth":"eA=="},"https://index.docker.io/v1/":{"auth":"eQ=="}}}`,
			`{"auths":{"other.example":{"auth":"eA=="},"https://index.docker.io/v1/":{"auth":"eQ=="}},"credHelpers":{"R":""},"cliPluginsExtraDirs":["PLUGINS"]}`},
		{"members that hci knows nothing of",
			`{"currentContext":"colima","proxies":{"default":{"httpProxy":"http://p"}},"HttpHeaders":{"X":"1"},"new":[1,null,{"a":true}]}`,
			`{"currentContext":"colima","proxies":{"default":{"httpProxy":"http://p"}},"HttpHeaders":{"X":"1"},"new":[1,null,{"a":true}],"credHelpers":{"R":""},"cliPluginsExtraDirs":["PLUGINS"]}`},
		{"a store that is there", `{"credsStore":"here"}`, `{"credsStore":"here","credHelpers":{"R":""},"cliPluginsExtraDirs":["PLUGINS"]}`},
		{"a store that is not", `{"credsStore":"desktop"}`, `{"credHelpers":{"R":""},"cliPluginsExtraDirs":["PLUGINS"]}`},
		{"helpers", `{"credHelpers":{"R":"here","a.example":"here","b.example":"gone"}}`, `{"credHelpers":{"R":"","a.example":"here"},"cliPluginsExtraDirs":["PLUGINS"]}`},
		{"plugins elsewhere", `{"cliPluginsExtraDirs":["/opt/plugins"]}`, `{"credHelpers":{"R":""},"cliPluginsExtraDirs":["/opt/plugins","PLUGINS"]}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			e, _ := ofUser(t, strings.ReplaceAll(c.user, "R", registry))
			before := marshal(t, e.user.all)
			path := filepath.Join(session(t, e).dir.Path, "config.json")
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			plugins := strings.Trim(marshal(t, filepath.Join(e.user.dir, "cli-plugins")), `"`)
			want := strings.NewReplacer("PLUGINS", plugins, "R", registry).Replace(c.want)
			if got := string(text); !sameJSON(t, got, want) {
				t.Errorf("%s\nwant\n%s", got, want)
			}
			if marshal(t, e.user.all) != before {
				t.Error("what was read of the user's configuration is changed")
			}
			if info, err := os.Stat(path); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
				t.Errorf("%v, %v", info, err)
			}
		})
	}
}

func marshal(t *testing.T, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func sameJSON(t *testing.T, a, b string) bool {
	t.Helper()
	var x, y any
	if err := errors.Join(json.Unmarshal([]byte(a), &x), json.Unmarshal([]byte(b), &y)); err != nil {
		t.Fatal(err)
	}
	return reflect.DeepEqual(x, y)
}

// TestSessionEnvironment: docker's programs find the private configuration, and
// the user's builders and certificates where they are.
func TestSessionEnvironment(t *testing.T) {
	e, _ := ofUser(t, "", "BUILDX_NO_DEFAULT_ATTESTATIONS=1", "DOCKER_HOST=tcp://e.example:2376", "DOCKER_TLS_VERIFY=1")
	s := session(t, e)
	want := append(slices.Clone(e.environ[:2]), "DOCKER_HOST=tcp://e.example:2376", "DOCKER_TLS_VERIFY=1",
		"DOCKER_CONFIG="+s.dir.Path, "BUILDX_CONFIG="+filepath.Join(e.user.dir, "buildx"), "DOCKER_CERT_PATH="+e.user.dir)
	if !slices.Equal(s.environ, want) {
		t.Errorf("%q\nwant\n%q", s.environ, want)
	}
	e, _ = ofUser(t, "", "BUILDX_CONFIG=/builders", "DOCKER_CERT_PATH=/certs", "DOCKER_TLS_VERIFY=1")
	s = session(t, e)
	want = append(slices.Clone(e.environ[:2]), "DOCKER_CERT_PATH=/certs", "DOCKER_TLS_VERIFY=1", "DOCKER_CONFIG="+s.dir.Path, "BUILDX_CONFIG=/builders")
	if !slices.Equal(s.environ, want) {
		t.Errorf("%q\nwant\n%q", s.environ, want)
	}
}

// TestContextsAreLinked: where there are no links, the engine is named itself.
func TestContextsAreLinked(t *testing.T) {
	e, _ := ofUser(t, "")
	const meta = "contexts/meta/1/meta.json"
	write(t, filepath.Join(e.user.dir, meta), "{}")
	s := session(t, e)
	_, err := os.Stat(filepath.Join(s.dir.Path, meta))
	if named := slices.Contains(s.environ, "DOCKER_HOST=unix:///s"); (err == nil) == named || err != nil && runtime.GOOS != "windows" {
		t.Errorf("%v; the environment names the engine: %v", err, named)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(e.user.dir, meta)); err != nil {
		t.Errorf("the user's contexts: %v", err)
	}
}

func TestClose(t *testing.T) {
	e, private := ofUser(t, `{"auths":{"other.example":{"auth":"eA=="}}}`)
	s := session(t, e)
	for range 2 {
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := os.Stat(s.dir.Path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%v", err)
	}
	if left, err := os.ReadDir(private); err != nil || len(left) != 0 {
		t.Errorf("%v, %v", left, err)
	}
	if err := e.OwnSession(registry, io.Discard).Close(); err != nil {
		t.Errorf("the user's own configuration: %v", err)
	}
	if _, err := os.Stat(filepath.Join(e.user.dir, "config.json")); err != nil {
		t.Errorf("the user's own configuration: %v", err)
	}
}

// TestNoReaper: a private configuration that nothing would remove is not made.
func TestNoReaper(t *testing.T) {
	e, private := ofUser(t, "")
	if _, err := e.Session(registry, filepath.Join(private, "no-such-binary"), io.Discard); err == nil {
		t.Error("no error")
	}
	if left, err := os.ReadDir(private); err != nil || len(left) != 0 {
		t.Errorf("%v, %v", left, err)
	}
}

// TestRefusal has the words of registries as docker prints them.
func TestRefusal(t *testing.T) {
	const image = registry + "/unauthorized/app:1"
	const shown = "The push refers to repository [" + registry + "/unauthorized/app]\nab1ec673a5cc: Preparing\n"
	for _, c := range []struct{ name, said, want string }{
		{"ECR, expired", "denied: Your authorization token has expired. Reauthenticate and try again.", "expired"},
		{"ECR, expired, in 2018", "denied: Your Authorization Token has expired. Please run 'aws ecr get-login' to fetch a new one.", "expired"},
		{"never logged in", "no basic auth credentials", "expired"},
		{"distribution", "unauthorized: authentication required", "expired"},
		{"containerd", "failed to authorize: failed to fetch oauth token: unexpected status from GET request to https://r.example/token: 401 Unauthorized", "expired"},
		{"ECR, immutable", "tag invalid: The image tag 'x' already exists in the 'r' repository and cannot be overwritten because the tag is immutable.", "taken"},
		{"ECR, immutable, in 2023", "tag invalid: The image tag 'x' already exists in the 'r' repository and cannot be overwritten because the repository is immutable.", "taken"},
		{"distribution, wrong tag", "tag invalid: manifest tag did not match URI", "other"},
		{"Docker Hub, no permission", "denied: requested access to the resource is denied", "other"},
		{"Docker Hub, scopes", "unauthorized: access token has insufficient scopes", "other"},
		{"ECR, no permission", "denied: User: arn:aws:iam::123456789012:user/me is not authorized to perform: ecr:InitiateLayerUpload on resource: arn:aws:ecr:eu-central-1:123456789012:repository/app because no identity-based policy allows the ecr:InitiateLayerUpload action", "other"},
		{"Harbor, no permission", "unauthorized: unauthorized to access repository: app, action: push: unauthorized to access repository: app, action: push", "other"},
		{"ECR, no repository", "name unknown: The repository with name 'app' does not exist in the registry with id '123456789012'", "other"},
		{"containerd, 403", "unexpected status from HEAD request to https://r.example/v2/app/blobs/sha256:1: 403 Forbidden", "other"},
		{"network", `Get "https://r.example/v2/": dial tcp: lookup r.example: no such host`, "other"},
		{"no image", "An image does not exist locally with the tag: r.example/app", "other"},
		{"nothing", "", "other"},
	} {
		t.Run(c.name, func(t *testing.T) {
			text := shown
			if c.said != "" {
				text += c.said + "\n"
			}
			err := refusal(image, text)
			var taken *TakenError
			var other *PushError
			got := map[bool]string{errors.Is(err, ErrExpired): "expired", errors.As(err, &taken): "taken", errors.As(err, &other): "other"}[true]
			if got != c.want || !strings.Contains(err.Error(), image) {
				t.Errorf("%s: %v", got, err)
			}
			if other != nil && c.said != "" && other.Detail != c.said {
				t.Errorf("%q", other.Detail)
			}
		})
	}
}

// TestTail: everything is passed on, and the end of it is kept.
func TestTail(t *testing.T) {
	var out bytes.Buffer
	said := &tail{to: &out}
	var all string
	for _, part := range []string{"first\n", strings.Repeat("x", kept-3), "", "last", strings.Repeat("y", 2*kept), "\nend"} {
		if n, err := said.Write([]byte(part)); n != len(part) || err != nil {
			t.Fatalf("%d, %v", n, err)
		}
		all += part
		if out.String() != all || said.String() != all[max(0, len(all)-kept):] {
			t.Errorf("after %d bytes: %d passed on, %d kept", len(all), out.Len(), len(said.String()))
		}
	}
	if got := lastLine(said.String()); got != "end" {
		t.Errorf("%.20q", got)
	}
}

func TestLines(t *testing.T) {
	for _, c := range []struct{ text, first, last string }{
		{"", "", ""}, {"a", "a", "a"}, {"\n a\nb \n\n", "a", "b"}, {"a\n\nb", "a", "b"},
	} {
		if first, last := firstLine(c.text), lastLine(c.text); first != c.first || last != c.last {
			t.Errorf("%q: %q, %q", c.text, first, last)
		}
	}
}

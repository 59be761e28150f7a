//go:build interop

package docker

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"hci/internal/testing/interop"
	"hci/sync/secret"
)

const password = "s3cr3t-of-the-registry"

// encoded is what docker keeps of a login.
func encoded(user, password string) string {
	return base64.StdEncoding.EncodeToString([]byte(user + ":" + password))
}

func login(t *testing.T, s *Session) {
	t.Helper()
	if err := s.Login(context.Background(), "AWS", secret.New(password)); err != nil {
		t.Fatal(err)
	}
}

// TestInteropLogin: the password is in no command line and in no error, only ever
// in the private configuration, and gone with it.
func TestInteropLogin(t *testing.T) {
	host := interop.Registry(t, "AWS", password)
	e := engine(t, person(t, `{"auths":{"other.example":{"auth":"eA=="}}}`, interop.Docker(t)))
	argv := recordArgv(t, e)
	stop := watch(t, password)
	s := open(t, e, host, io.Discard)
	login(t, s)
	const wrong = "wr0ng-s3cr3t"
	err := s.Login(context.Background(), "AWS", secret.New(wrong))
	stop()
	var refused *LoginError
	if !errors.As(err, &refused) || refused.Registry != host || strings.Contains(err.Error(), wrong) || !strings.Contains(err.Error(), "401") && !strings.Contains(err.Error(), "unauthorized") {
		t.Errorf("a wrong password: %v", err)
	}
	if text := argv(); !strings.Contains(text, "login\n") || strings.Contains(text, password) || strings.Contains(text, wrong) {
		t.Error("the command line of docker holds the password, or was not seen")
	}
	kept := []string{password, encoded("AWS", password), wrong, encoded("AWS", wrong)}
	if held := holding(t, e, kept...); len(held) != 1 || held[0] != filepath.Join(s.dir.Path, "config.json") {
		t.Errorf("while the session is open: %q", held)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if held := holding(t, e, kept...); len(held) != 0 {
		t.Errorf("left: %q", held)
	}
	text, err := os.ReadFile(filepath.Join(e.user.dir, "config.json"))
	if err != nil || string(text) != `{"auths":{"other.example":{"auth":"eA=="}}}` {
		t.Errorf("the user's own configuration: %v", err)
	}
}

// digest asks a registry for the digest of a tag.
func digest(t *testing.T, host, name, tag string) string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodHead, "http://"+host+"/v2/"+name+"/manifests/"+tag, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.SetBasicAuth("AWS", password)
	req.Header.Add("Accept", "application/vnd.docker.distribution.manifest.v2+json")
	req.Header.Add("Accept", "application/vnd.oci.image.manifest.v1+json")
	req.Header.Add("Accept", "application/vnd.oci.image.index.v1+json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s", tag, resp.Status)
	}
	return resp.Header.Get("Docker-Content-Digest")
}

// TestInteropPush: with each builder, an image on a base that lies in another
// registry, with whose login in the user's configuration it is fetched.
func TestInteropPush(t *testing.T) {
	base := interop.Registry(t, "AWS", password)
	dir := source(t, dockerfile)
	e := engine(t, person(t, "", interop.Docker(t)))
	s := open(t, e, base, io.Discard)
	login(t, s)
	build(t, s, dir, base+"/base:1")
	if err := s.Push(context.Background(), base+"/base:1"); err != nil {
		t.Fatal(err)
	}
	onBase := source(t, "FROM "+base+"/base:1\nCOPY app /other\n")
	config := fmt.Sprintf(`{"credsStore":"no-such-helper","auths":{%q:{"auth":%q}}}`, base, encoded("AWS", password))
	builders(t, config, func(t *testing.T, e *Engine) {
		if err := s.RemoveImages(context.Background(), base); err != nil {
			t.Fatal(err)
		}
		host := interop.Registry(t, "AWS", password)
		var out bytes.Buffer
		s := open(t, e, host, &out)
		login(t, s)
		build(t, s, onBase, host+"/team/a:1", host+"/team/a:moving")
		for _, tag := range []string{"1", "moving"} {
			if err := s.Push(context.Background(), host+"/team/a:"+tag); err != nil {
				t.Fatal(err)
			}
			found, err := s.Inspect(context.Background(), host+"/team/a:"+tag)
			if want := digest(t, host, "team/a", tag); err != nil || want == "" || found.Digests[host+"/team/a"] != want {
				t.Errorf("%+v, %v; the registry says %q", found, err, want)
			}
		}
		if !strings.Contains(out.String(), "The push refers to repository ["+host+"/team/a]") {
			t.Errorf("shown: %s", &out)
		}
		if err := s.Pull(context.Background(), host+"/team/a:1"); err != nil {
			t.Error(err)
		}
		if err := s.Pull(context.Background(), host+"/team/a:none"); err == nil || !strings.Contains(err.Error(), "not found") && !strings.Contains(err.Error(), "unknown") {
			t.Errorf("%v", err)
		}
	})
}

// TestInteropNoHelper: a credential helper that is not there stops docker with the
// user's own configuration, and not with a private one.
func TestInteropNoHelper(t *testing.T) {
	host := interop.Registry(t, "AWS", password)
	e := engine(t, person(t, `{"credsStore":"no-such-helper"}`, interop.Docker(t)))
	var none *HelperError
	if err := e.Helper(host); !errors.As(err, &none) {
		t.Errorf("%v", err)
	}
	var refused *LoginError
	if err := e.OwnSession(host, io.Discard).Login(context.Background(), "AWS", secret.New(password)); !errors.As(err, &refused) || !strings.Contains(err.Error(), "no-such-helper") {
		t.Errorf("%v", err)
	}
	login(t, open(t, e, host, io.Discard))
}

// TestInteropHelperIsLeftAlone: a credential helper that works is not handed the
// session's login.
func TestInteropHelperIsLeftAlone(t *testing.T) {
	host := interop.Registry(t, "AWS", password)
	docker, dir := interop.Docker(t), t.TempDir()
	write(t, filepath.Join(dir, "docker-credential-recorder"), "#!/bin/sh\n{ echo $1; cat; } >>'"+dir+"/asked'\n")
	t.Setenv("PATH", dir+string(os.PathListSeparator)+os.Getenv("PATH"))
	e := engine(t, person(t, fmt.Sprintf(`{"credsStore":"recorder","credHelpers":{%q:"recorder"}}`, host), docker))
	s := open(t, e, host, io.Discard)
	login(t, s)
	if text, err := os.ReadFile(filepath.Join(dir, "asked")); err == nil && strings.Contains(string(text), "store") {
		t.Error("the helper was handed the login")
	}
	login(t, e.OwnSession(host, io.Discard))
	if text, err := os.ReadFile(filepath.Join(dir, "asked")); err != nil || !strings.Contains(string(text), "store") {
		t.Errorf("with the user's own configuration, the helper keeps it: %v", err)
	}
}

// TestInteropOwnSession: with the user's own configuration, the login stays, and a
// later run pushes with it.
func TestInteropOwnSession(t *testing.T) {
	host := interop.Registry(t, "AWS", password)
	environ := person(t, `{"auths":{"other.example":{"auth":"eA=="}}}`, interop.Docker(t)) // so that docker looks for no helper
	e := engine(t, environ)
	s := open(t, e, host, io.Discard)
	build(t, s, source(t, dockerfile), host+"/a:1")
	own := e.OwnSession(host, io.Discard)
	login(t, own)
	if err := own.Close(); err != nil {
		t.Fatal(err)
	}
	if err := engine(t, environ).OwnSession(host, io.Discard).Push(context.Background(), host+"/a:1"); err != nil {
		t.Errorf("%v", err)
	}
	if err := s.Push(context.Background(), host+"/a:1"); !errors.Is(err, ErrExpired) {
		t.Errorf("a private session has its own login only: %v", err)
	}
}

// between is a proxy in front of a registry. refuse answers requests in its stead,
// and says whether it did; those without a login reach the registry, which asks for
// one.
func between(t *testing.T, host string, refuse func(http.ResponseWriter, *http.Request) bool) string {
	t.Helper()
	proxy := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: host})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") == "" || !refuse(w, r) {
			proxy.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(server.Close)
	return strings.TrimPrefix(server.URL, "http://")
}

// refusing answers as registries do.
//
// https://github.com/opencontainers/distribution-spec/blob/main/spec.md#error-codes
func refusing(w http.ResponseWriter, status int, code, message string) bool {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = fmt.Fprintf(w, `{"errors":[{"code":%q,"message":%q}]}`, code, message)
	return true
}

func startsUpload(r *http.Request) bool {
	return r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, "/blobs/uploads/")
}

// pushed is a session with an image to be pushed, its image's name, and what was
// shown.
func pushed(t *testing.T, host string) (*Session, string, *bytes.Buffer) {
	t.Helper()
	var out bytes.Buffer
	s := open(t, engine(t, person(t, "", interop.Docker(t))), host, &out)
	build(t, s, source(t, dockerfile), host+"/a:1")
	return s, host + "/a:1", &out
}

// TestInteropPushExpired: the login expires in the middle of a push; after another
// one, the push goes through.
func TestInteropPushExpired(t *testing.T) {
	var expires, expired atomic.Bool
	registry := interop.Registry(t, "AWS", password)
	s, image, out := pushed(t, between(t, registry, func(w http.ResponseWriter, r *http.Request) bool {
		if expired.Load() {
			return refusing(w, http.StatusForbidden, "DENIED", "Your authorization token has expired. Reauthenticate and try again.")
		}
		if expires.Load() && startsUpload(r) {
			expired.Store(true) // from the next request on
		}
		return false
	}))
	if err := s.Push(context.Background(), image); !errors.Is(err, ErrExpired) {
		t.Errorf("no login: %v", err)
	}
	login(t, s)
	expires.Store(true)
	if err := s.Push(context.Background(), image); !errors.Is(err, ErrExpired) || !expired.Load() {
		t.Errorf("%v; shown: %s", err, out)
	}
	expires.Store(false)
	expired.Store(false) // as it is for another token
	login(t, s)
	if err := s.Push(context.Background(), image); err != nil {
		t.Error(err)
	}
	if digest(t, registry, "a", "1") == "" {
		t.Error("the registry has no image")
	}
}

func TestInteropPushRefused(t *testing.T) {
	const denied = "User: arn:aws:iam::123456789012:user/me is not authorized to perform: ecr:InitiateLayerUpload on resource: app"
	const immutable = "The image tag '1' already exists in the 'a' repository and cannot be overwritten because the tag is immutable."
	var deny, taken atomic.Bool
	s, image, out := pushed(t, between(t, interop.Registry(t, "AWS", password), func(w http.ResponseWriter, r *http.Request) bool {
		switch {
		case deny.Load() && startsUpload(r):
			return refusing(w, http.StatusForbidden, "DENIED", denied)
		case taken.Load() && r.Method == http.MethodPut && strings.Contains(r.URL.Path, "/manifests/"):
			return refusing(w, http.StatusBadRequest, "TAG_INVALID", immutable)
		}
		return false
	}))
	login(t, s)
	deny.Store(true)
	var other *PushError
	if err := s.Push(context.Background(), image); !errors.As(err, &other) || !strings.Contains(other.Detail, denied) {
		t.Errorf("no permission: %v; shown: %s", err, out)
	}
	deny.Store(false)
	if err := s.Push(context.Background(), image); err != nil {
		t.Fatal(err)
	}
	taken.Store(true)
	var there *TakenError
	if err := s.Push(context.Background(), image); !errors.As(err, &there) || there.Image != image {
		t.Errorf("immutable: %v; shown: %s", err, out)
	}
	if err := s.Push(context.Background(), s.registry+"/none:1"); !errors.As(err, &other) || !strings.Contains(other.Detail, "none") {
		t.Errorf("no image: %v", err)
	}
	s, image, out = pushed(t, "127.0.0.1:1")
	if err := s.Push(context.Background(), image); !errors.As(err, &other) || !strings.Contains(other.Detail, "connection refused") {
		t.Errorf("no registry: %v; shown: %s", err, out)
	}
}

// TestInteropOldLogins: logins under the names that older versions of docker gave
// them are not used in the session's stead.
func TestInteropOldLogins(t *testing.T) {
	host := interop.Registry(t, "AWS", password)
	config := fmt.Sprintf(`{"auths":{"https://%s":{"auth":%q},"http://%s/v1/":{"auth":%q}}}`, host, encoded("AWS", password), host, encoded("AWS", password))
	e := engine(t, person(t, config, interop.Docker(t)))
	s := open(t, e, host, io.Discard)
	build(t, s, source(t, dockerfile), host+"/a:1")
	if err := s.Push(context.Background(), host+"/a:1"); !errors.Is(err, ErrExpired) {
		t.Errorf("%v", err)
	}
	if err := e.OwnSession(host, io.Discard).Push(context.Background(), host+"/a:1"); err != nil {
		t.Errorf("docker no longer reads them: %v", err)
	}
}

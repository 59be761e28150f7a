package compare_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"hci/internal/aws/client"
	"hci/internal/compare"
	"hci/internal/project"
	"hci/internal/sealed"
	"hci/sync/awssm"
	"hci/sync/localsm"
	"hci/tfvars"
)

// world is an AWS of several regions, each with a Secrets Manager in memory.
type world struct {
	regions map[string]*localsm.Server
	opened  []awssm.Options
	notes   []string
}

func newWorld(regions ...string) *world {
	w := &world{regions: map[string]*localsm.Server{}}
	for _, region := range regions {
		w.regions[region] = localsm.New(localsm.Options{Region: region, AccountID: "111111111111", AccessKeyID: "AKIAEXAMPLE", SecretAccessKey: "fake"})
	}
	return w
}

// Do answers a request in the region that it is signed for.
func (w *world) Do(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	in := httptest.NewRequestWithContext(r.Context(), r.Method, r.URL.String(), bytes.NewReader(body))
	in.Header, in.Host, in.ContentLength = r.Header, r.URL.Host, r.ContentLength
	out := httptest.NewRecorder()
	for region, server := range w.regions {
		if bytes.Contains([]byte(r.Header.Get("Authorization")), []byte("/"+region+"/")) {
			server.ServeHTTP(out, in)
		}
	}
	return out.Result(), nil
}

func (w *world) config(o awssm.Options) (client.Config, error) {
	w.opened = append(w.opened, o)
	if w.regions[o.Region] == nil {
		return client.Config{}, awssm.ErrNoRegion
	}
	endpoint := "http://127.0.0.1"
	return aws.Config{
		BaseEndpoint: &endpoint, Region: o.Region, HTTPClient: w, Credentials: credentials.NewStaticCredentialsProvider("AKIAEXAMPLE", "fake", ""),
		RetryMaxAttempts: 1,
	}, nil
}

func (w *world) session(p *project.Project) compare.Session {
	return compare.Session{
		Project: p, Note: func(s string) { w.notes = append(w.notes, s) }, Err: io.Discard, Memory: &compare.Memory{},
		Config: w.config,
		Quiet: func(_ context.Context, env project.Environment) (*tfvars.File, error) {
			data, err := os.ReadFile(env.Plain)
			if err != nil {
				return nil, err
			}
			return tfvars.Parse(data, env.Plain)
		},
	}
}

// write writes the files of a project, and finds it.
func write(t *testing.T, dir string, files map[string]string) *project.Project {
	t.Helper()
	for name, text := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	p, err := project.Find(dir, project.Options{Getenv: func(string) string { return "" }})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// desired evaluates an environment with its plaintext secrets.
func (w *world) desired(t *testing.T, p *project.Project, name string) (*compare.Desired, error) {
	t.Helper()
	env, err := p.Environment(name)
	if err != nil {
		t.Fatal(err)
	}
	s := w.session(p)
	file, err := s.Quiet(t.Context(), env)
	if err != nil {
		t.Fatal(err)
	}
	return s.Desired(env, &sealed.Content{File: file, Path: env.Plain}, compare.Options{})
}

//go:build interop

package ecr_test

import (
	"errors"
	"io"
	"log"
	"net/http/httptest"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	distribution "github.com/google/go-containerregistry/pkg/registry"

	"hci/internal/aws/client"
	"hci/internal/aws/ecr"
	"hci/internal/testing/fakeaws"
	"hci/internal/testing/interop"
)

func config(url string) client.Config {
	return aws.Config{Region: "eu-central-1", BaseEndpoint: &url, Credentials: credentials.NewStaticCredentialsProvider("a", "b", "")}
}

// rehearsed is hci's own AWS with the repository team/app and the image latest.
func rehearsed(t *testing.T, scenario fakeaws.Scenario) client.Config {
	t.Helper()
	web := httptest.NewUnstartedServer(nil)
	server := fakeaws.New(web.Listener.Addr().String(), fakeaws.Options{
		Account: account, Region: "eu-central-1", Cluster: "main", Service: "web", Family: "web", Repository: "team/app",
		Registry: distribution.New(distribution.Logger(log.New(io.Discard, "", 0))), Scenario: scenario,
	})
	web.Config.Handler = server
	web.Start()
	t.Cleanup(func() { web.Close(); server.Close() })
	if err := server.Hold("latest", "one"); err != nil {
		t.Fatal(err)
	}
	return config(web.URL)
}

// emulated is moto with the same.
func emulated(t *testing.T, url, mutability string) client.Config {
	t.Helper()
	cfg := config(url)
	client := client.New(cfg, client.Service{Host: "api.ecr", Name: "ecr", Target: "AmazonEC2ContainerRegistry_V20150921"})
	_ = client.Call(t.Context(), "DeleteRepository", map[string]any{"repositoryName": "team/app", "force": true}, &struct{}{}) // of the case before
	for _, call := range []struct {
		operation string
		in        map[string]any
	}{
		{"CreateRepository", map[string]any{"repositoryName": "team/app", "imageTagMutability": mutability}},
		{"PutImage", map[string]any{"repositoryName": "team/app", "imageTag": "latest", "imageManifest": `{"schemaVersion":2,"mediaType":"application/vnd.docker.distribution.manifest.v2+json","config":{"mediaType":"application/vnd.docker.container.image.v1+json","size":2,"digest":"sha256:` + strings.Repeat("0", 64) + `"},"layers":[]}`}},
	} {
		if err := client.Call(t.Context(), call.operation, call.in, &struct{}{}); err != nil {
			t.Fatal(err)
		}
	}
	return cfg
}

// TestInteropRegistry asks hci's own AWS and moto the same.
func TestInteropRegistry(t *testing.T) {
	url := interop.Moto(t)
	for _, c := range []struct {
		name      string
		start     func(t *testing.T) client.Config
		immutable bool
	}{
		{"rehearsal, mutable", func(t *testing.T) client.Config { return rehearsed(t, fakeaws.Healthy) }, false},
		{"rehearsal, immutable", func(t *testing.T) client.Config { return rehearsed(t, fakeaws.ImmutableTags) }, true},
		{"moto, mutable", func(t *testing.T) client.Config { return emulated(t, url, "MUTABLE") }, false},
		{"moto, immutable", func(t *testing.T) client.Config { return emulated(t, url, "IMMUTABLE") }, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := ecr.New(c.start(t), account)
			repo, err := r.Repository(t.Context(), "team/app")
			if err != nil || repo.Name != "team/app" || repo.Account != account || repo.URI != repo.Host()+"/team/app" || repo.Immutable != c.immutable || repo.Takes("latest") == c.immutable {
				t.Errorf("%+v, %v", repo, err)
			}
			digest, err := r.Digest(t.Context(), "team/app", "latest")
			if err != nil || len(digest) != len("sha256:")+64 || !strings.HasPrefix(digest, "sha256:") {
				t.Errorf("%q, %v", digest, err)
			}
			var missing *ecr.NotFoundError
			if _, err := r.Repository(t.Context(), "other"); !errors.As(err, &missing) {
				t.Error(err)
			}
			if _, err := r.Digest(t.Context(), "team/app", "other"); !errors.As(err, &missing) {
				t.Error(err)
			}
			token, err := r.Token(t.Context())
			if err != nil || token.User != "AWS" || token.Password.Reveal() == "" || token.Expires.IsZero() {
				t.Errorf("user %q, expires %v, %v", token.User, token.Expires, err)
			}
			if in := time.Until(token.Expires); strings.HasPrefix(c.name, "rehearsal") && (in < 11*time.Hour || in > 12*time.Hour) { // moto's expired in 2015
				t.Errorf("expires in %v", in)
			}
		})
	}
}

// TestInteropMutability: the kinds of repositories that hci tells apart are those
// of AWS's model.
func TestInteropMutability(t *testing.T) {
	path := interop.Need(t, "python3")
	if err := exec.Command(path, "-c", "import boto3").Run(); err != nil {
		interop.Missing(t, "boto3", "python3 can't import it")
	}
	const script = `import botocore.session
model = botocore.session.get_session().get_service_model("ecr")
print(*sorted(model.shape_for("ImageTagMutability").enum), *model.shape_for("ImageTagMutabilityExclusionFilterType").enum)`
	out, err := exec.Command(path, "-c", script).CombinedOutput()
	if got := strings.TrimSpace(string(out)); err != nil || got != "IMMUTABLE IMMUTABLE_WITH_EXCLUSION MUTABLE MUTABLE_WITH_EXCLUSION WILDCARD" {
		t.Errorf("%v: %s", err, got)
	}
}

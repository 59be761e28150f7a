package ecr_test

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"hci/internal/aws/client"
	"hci/internal/aws/ecr"
)

const account = "123456789012"

// registry answers every request alike, and notes the last.
func registry(t *testing.T, account string, status int, answer string) (*ecr.Registry, *asked) {
	t.Helper()
	a := &asked{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a.target = r.Header.Get("X-Amz-Target")
		_ = json.NewDecoder(r.Body).Decode(&a.in)
		w.WriteHeader(status)
		_, _ = io.WriteString(w, answer)
	}))
	t.Cleanup(server.Close)
	cfg := aws.Config{Region: "eu-central-1", BaseEndpoint: &server.URL, Credentials: credentials.NewStaticCredentialsProvider("a", "b", "")}
	return ecr.New(cfg, account), a
}

type asked struct {
	target string
	in     map[string]any
}

func described(mutability, more string) string {
	return `{"repositories":[{"registryId":"` + account + `","repositoryName":"team/app","repositoryUri":"` + account + `.dkr.ecr.eu-central-1.amazonaws.com/team/app","imageTagMutability":"` + mutability + `"` + more + `}]}`
}

func TestRepository(t *testing.T) {
	filters := func(texts ...string) string {
		var all []string
		for _, text := range texts {
			all = append(all, `{"filterType":"WILDCARD","filter":"`+text+`"}`)
		}
		return `,"imageTagMutabilityExclusionFilters":[` + strings.Join(all, ",") + `]`
	}
	for _, c := range []struct {
		mutability, filters string
		takes, refuses      []string
	}{
		{"MUTABLE", "", []string{"latest", "git-1a2b3c4"}, nil},
		{"IMMUTABLE", "", nil, []string{"latest", "git-1a2b3c4", ""}},
		{"IMMUTABLE_WITH_EXCLUSION", filters("latest"), []string{"latest"}, []string{"latest2", "the-latest", "late"}},
		{"IMMUTABLE_WITH_EXCLUSION", filters("dev-*", "latest"), []string{"dev-", "dev-1", "latest"}, []string{"dev", "a-dev-1"}},
		{"IMMUTABLE_WITH_EXCLUSION", filters("*"), []string{"anything", ""}, nil},
		{"IMMUTABLE_WITH_EXCLUSION", filters("*-rc"), []string{"1-rc", "-rc", "1-rc-rc"}, []string{"1-rc2", "rc"}},
		{"IMMUTABLE_WITH_EXCLUSION", filters("a*b*c"), []string{"abc", "a-b-c", "abbcc", "abcbc"}, []string{"ab", "acb", "a-c"}},
		{"IMMUTABLE_WITH_EXCLUSION", filters("aa*aa"), []string{"aaaa", "aa-aa"}, []string{"aa", "aaa"}},
		{"IMMUTABLE_WITH_EXCLUSION", filters("v1.*"), []string{"v1.2"}, []string{"v1-2", "v12"}}, // a dot is a dot
		{"MUTABLE_WITH_EXCLUSION", filters("release-*"), []string{"latest", "release"}, []string{"release-1"}},
	} {
		t.Run(c.mutability+c.filters, func(t *testing.T) {
			r, _ := registry(t, account, 200, described(c.mutability, c.filters))
			repo, err := r.Repository(t.Context(), "team/app")
			if err != nil || repo.Immutable != strings.HasPrefix(c.mutability, "IMMUTABLE") {
				t.Fatalf("%+v, %v", repo, err)
			}
			for _, tag := range c.takes {
				if !repo.Takes(tag) {
					t.Errorf("%q is not taken", tag)
				}
			}
			for _, tag := range c.refuses {
				if repo.Takes(tag) {
					t.Errorf("%q is taken", tag)
				}
			}
		})
	}
}

func TestRepositoryNames(t *testing.T) {
	r, a := registry(t, account, 200, described("MUTABLE", ""))
	repo, err := r.Repository(t.Context(), "team/app")
	if err != nil || repo.Name != "team/app" || repo.Account != account || repo.Host() != account+".dkr.ecr.eu-central-1.amazonaws.com" || repo.URI != repo.Host()+"/team/app" {
		t.Errorf("%+v, %v", repo, err)
	}
	if want := map[string]any{"registryId": account, "repositoryNames": []any{"team/app"}}; !reflect.DeepEqual(a.in, want) || a.target != "AmazonEC2ContainerRegistry_V20150921.DescribeRepositories" {
		t.Errorf("asked for %v, %s", a.in, a.target)
	}
	if host := (ecr.Repository{URI: "127.0.0.1:5000/app"}).Host(); host != "127.0.0.1:5000" {
		t.Error(host)
	}
	r, a = registry(t, "", 200, described("MUTABLE", ""))
	if _, err := r.Repository(t.Context(), "team/app"); err != nil || a.in["registryId"] != nil {
		t.Errorf("%v, asked for %v", err, a.in)
	}
}

// TestNotFound tells what is not there from what can't be looked at.
func TestNotFound(t *testing.T) {
	repository := func(r *ecr.Registry) error { _, err := r.Repository(t.Context(), "app"); return err }
	digest := func(r *ecr.Registry) error { _, err := r.Digest(t.Context(), "app", "latest"); return err }
	for _, c := range []struct {
		name   string
		ask    func(*ecr.Registry) error
		status int
		answer string
		said   string // of a NotFoundError
	}{
		{"repository", repository, 400, `{"__type":"RepositoryNotFoundException","message":"x"}`, `repository "app" is not there`},
		{"repository, nothing answered", repository, 200, `{"repositories":[]}`, `repository "app" is not there`},
		{"repository, not allowed", repository, 400, `{"__type":"AccessDeniedException","message":"x"}`, ""},
		{"image", digest, 400, `{"__type":"ImageNotFoundException","message":"x"}`, `image app:latest is not there`},
		{"image, nothing answered", digest, 200, `{"imageDetails":[]}`, `image app:latest is not there`},
		{"image, not allowed", digest, 400, `{"__type":"AccessDeniedException","message":"x"}`, ""},
		{"the repository of an image", digest, 400, `{"__type":"RepositoryNotFoundException","message":"x"}`, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, _ := registry(t, account, c.status, c.answer)
			err := c.ask(r)
			var missing *ecr.NotFoundError
			if is := errors.As(err, &missing); err == nil || is != (c.said != "") || is && err.Error() != c.said || !is && client.Code(err) == "" {
				t.Error(err)
			}
		})
	}
}

func TestDigest(t *testing.T) {
	digest := "sha256:" + strings.Repeat("0a", 32)
	r, a := registry(t, account, 200, `{"imageDetails":[{"imageDigest":"`+digest+`","imageTags":["latest"]}]}`)
	got, err := r.Digest(t.Context(), "team/app", "latest")
	if err != nil || got != digest {
		t.Errorf("%q, %v", got, err)
	}
	want := map[string]any{"registryId": account, "repositoryName": "team/app", "imageIds": []any{map[string]any{"imageTag": "latest"}}}
	if !reflect.DeepEqual(a.in, want) {
		t.Errorf("asked for %v", a.in)
	}
}

func TestToken(t *testing.T) {
	const password = "pass:word=with-colons"
	text := base64.StdEncoding.EncodeToString([]byte("AWS:" + password))
	r, a := registry(t, account, 200, `{"authorizationData":[{"authorizationToken":"`+text+`","expiresAt":1.730000000123E9,"proxyEndpoint":"https://x"}]}`)
	token, err := r.Token(t.Context())
	if err != nil || token.User != "AWS" || token.Password.Reveal() != password || !token.Expires.Equal(time.UnixMilli(1_730_000_000_123)) {
		t.Errorf("user %q, expires %v, %v", token.User, token.Expires, err)
	}
	if len(a.in) != 0 {
		t.Errorf("asked for %v", a.in)
	}
	r, _ = registry(t, account, 200, `{"authorizationData":[{"authorizationToken":"`+text+`"}]}`)
	if token, err = r.Token(t.Context()); err != nil || !token.Expires.IsZero() {
		t.Errorf("expires %v, %v", token.Expires, err)
	}
}

// TestBadToken: what can't be read of a token is not shown either.
func TestBadToken(t *testing.T) {
	const inside = "s3cr3t"
	encoded := base64.StdEncoding.EncodeToString([]byte(inside)) // without a user
	for _, c := range []struct{ name, answer string }{
		{"no base64", `{"authorizationData":[{"authorizationToken":"AWS:` + inside + `!"}]}`},
		{"no user", `{"authorizationData":[{"authorizationToken":"` + encoded + `"}]}`},
		{"cut off", `{"authorizationData":[{"authorizationToken":"` + encoded[:len(encoded)-1] + `"}]}`},
		{"another type", `{"authorizationData":[{"authorizationToken":{"` + inside + `":1}}]}`},
		{"a number", `{"authorizationData":[{"authorizationToken":12345678}]}`},
		{"no JSON", inside},
		{"empty", `{"authorizationData":[{}]}`},
		{"none", `{"authorizationData":[]}`},
		{"nothing", `{}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, _ := registry(t, account, 200, c.answer)
			token, err := r.Token(t.Context())
			if err == nil || token.User != "" || token.Password.Reveal() != "" {
				t.Fatal("the token is taken")
			}
			for _, part := range []string{inside, encoded[:6], "12345678"} {
				if strings.Contains(err.Error(), part) {
					t.Errorf("the error quotes the token (%d characters)", len(part))
				}
			}
		})
	}
}

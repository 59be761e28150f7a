package fakeaws_test

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"hci/internal/testing/fakeaws"
)

// token is a login that ECR gave.
func (a *aws) token() (user, password string) {
	a.t.Helper()
	data := objects(a.do(ecr+"GetAuthorizationToken", `{}`), "authorizationData")[0]
	text, err := base64.StdEncoding.DecodeString(data["authorizationToken"].(string))
	if err != nil {
		a.t.Fatal("the token is no base64")
	}
	in := time.Until(time.UnixMilli(int64(data["expiresAt"].(float64) * 1000)))
	if in < 11*time.Hour || in > 12*time.Hour {
		a.t.Errorf("expires in %v", in)
	}
	user, password, _ = strings.Cut(string(text), ":")
	return user, password
}

// answer is one of the registry.
type answer struct {
	status int
	header http.Header
	body   string
}

// registry asks the registry.
func (a *aws) registry(method, path, kind, body, user, password string) answer {
	a.t.Helper()
	if !strings.HasPrefix(path, "http") {
		path = a.url + path
	}
	r, err := http.NewRequest(method, path, strings.NewReader(body))
	if err != nil {
		a.t.Fatal(err)
	}
	if user != "" {
		r.SetBasicAuth(user, password)
	}
	r.Header.Set("Content-Type", kind)
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		a.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		a.t.Fatal(err)
	}
	return answer{resp.StatusCode, resp.Header, string(text)}
}

func digest(text string) string { return fmt.Sprintf("sha256:%x", sha256.Sum256([]byte(text))) }

const manifestKind = "application/vnd.docker.distribution.manifest.v2+json"

// push uploads an image without layers, which content makes another, as Docker
// does. It returns the first answer that says that it failed, or the last.
func (a *aws) push(tag, content, user, password string) (last answer, sum string) {
	a.t.Helper()
	config := `{"architecture":"amd64","os":"linux","author":"` + content + `","rootfs":{"type":"layers","diff_ids":[]}}`
	begun := a.registry(http.MethodPost, "/v2/team/app/blobs/uploads/", "", "", user, password)
	if begun.status != http.StatusAccepted {
		return begun, ""
	}
	to := begun.header.Get("Location")
	if put := a.registry(http.MethodPut, to+"?digest="+digest(config), "application/octet-stream", config, user, password); put.status != http.StatusCreated {
		return put, ""
	}
	manifest := fmt.Sprintf(`{"schemaVersion":2,"mediaType":%q,"layers":[],"config":{"mediaType":"application/vnd.docker.container.image.v1+json","size":%d,"digest":%q}}`, manifestKind, len(config), digest(config))
	return a.registry(http.MethodPut, "/v2/team/app/manifests/"+tag, manifestKind, manifest, user, password), digest(manifest)
}

// TestLogin: the registry is open to those who have a token.
func TestLogin(t *testing.T) {
	a := begin(t, fakeaws.Healthy)
	user, password := a.token()
	if user != "AWS" || password == "" {
		t.Errorf("user %q", user)
	}
	for _, c := range []struct {
		name, user, password string
		status               int
	}{
		{"nobody", "", "", 401}, {"another password", "AWS", "x", 401}, {"no password", "AWS", "", 401}, {"another user", "aws", password, 401},
		{"ECR's token", user, password, 200}, {"the rehearsal's own", "AWS", a.Token().Reveal(), 200},
	} {
		got := a.registry(http.MethodGet, "/v2/", "", "", c.user, c.password)
		if got.status != c.status || strings.HasPrefix(got.header.Get("WWW-Authenticate"), "Basic realm=") != (c.status == 401) {
			t.Errorf("%s: %d, %v", c.name, got.status, got.header)
		}
	}
}

// TestPush: an image is found by its tag and by its digest.
func TestPush(t *testing.T) {
	a := begin(t, fakeaws.Healthy)
	a.refuses(ecr+"DescribeImages", `{"repositoryName":"team/app","imageIds":[{"imageTag":"one"}]}`, "ImageNotFoundException")
	user, password := a.token()
	last, sum := a.push("one", "one", user, password)
	if last.status != http.StatusCreated {
		t.Fatalf("%d %s", last.status, last.body)
	}
	for _, id := range []string{`"imageTag":"one"`, `"imageDigest":"` + sum + `"`} {
		images := objects(a.do(ecr+"DescribeImages", `{"repositoryName":"team/app","imageIds":[{`+id+`}]}`), "imageDetails")
		if len(images) != 1 || images[0]["imageDigest"] != sum {
			t.Errorf("%s: %v", id, images)
		}
	}
	last, again := a.push("one", "two", user, password)
	images := objects(a.do(ecr+"DescribeImages", `{"repositoryName":"team/app","imageIds":[{"imageTag":"one"}]}`), "imageDetails")
	if last.status != http.StatusCreated || again == sum || images[0]["imageDigest"] != again {
		t.Errorf("%d %s, %v", last.status, last.body, images)
	}
	a.refuses(ecr+"DescribeImages", `{"repositoryName":"other","imageIds":[{"imageTag":"one"}]}`, "RepositoryNotFoundException")
}

func TestRepository(t *testing.T) {
	for scenario, mutability := range map[fakeaws.Scenario]string{fakeaws.Healthy: "MUTABLE", fakeaws.ImmutableTags: "IMMUTABLE"} {
		a := begin(t, scenario)
		repositories := objects(a.do(ecr+"DescribeRepositories", `{"repositoryNames":["team/app"]}`), "repositories")
		if r := repositories[0]; len(repositories) != 1 || r["imageTagMutability"] != mutability || r["repositoryUri"] != a.RepositoryURI() || r["registryId"] != "123456789012" {
			t.Errorf("%s: %v", scenario, repositories)
		}
		a.refuses(ecr+"DescribeRepositories", `{"repositoryNames":["other"]}`, "RepositoryNotFoundException")
	}
}

// TestExpiredToken: the first login that uploads expires then; a fresh one does
// not.
func TestExpiredToken(t *testing.T) {
	a := begin(t, fakeaws.ExpiredToken)
	user, password := a.token()
	if got := a.registry(http.MethodGet, "/v2/", "", "", user, password); got.status != 200 {
		t.Errorf("%d before the push", got.status)
	}
	for range 2 {
		if last, _ := a.push("one", "one", user, password); last.status != http.StatusForbidden || !strings.Contains(last.body, "Your authorization token has expired") {
			t.Errorf("%d %s", last.status, last.body)
		}
	}
	if got := a.registry(http.MethodGet, "/v2/", "", "", user, password); got.status != 403 {
		t.Errorf("%d after the push", got.status)
	}
	user, password = a.token()
	if last, _ := a.push("one", "one", user, password); last.status != http.StatusCreated {
		t.Errorf("%d %s", last.status, last.body)
	}
}

// TestImmutableTags: a tag that is there stays as it is.
func TestImmutableTags(t *testing.T) {
	a := begin(t, fakeaws.ImmutableTags)
	if err := a.Hold("latest", "one"); err != nil {
		t.Fatal(err)
	}
	user, password := a.token()
	held := a.do(ecr+"DescribeImages", `{"repositoryName":"team/app","imageIds":[{"imageTag":"latest"}]}`)
	for _, c := range []struct {
		tag    string
		status int
	}{{"latest", 400}, {"one", 201}, {"one", 400}, {"two", 201}} {
		last, _ := a.push(c.tag, "new", user, password)
		if last.status != c.status || (c.status == 400) != strings.Contains(last.body, "cannot be overwritten because the tag is immutable") {
			t.Errorf("%s: %d %s", c.tag, last.status, last.body)
		}
	}
	now := a.do(ecr+"DescribeImages", `{"repositoryName":"team/app","imageIds":[{"imageTag":"latest"}]}`)
	if fmt.Sprint(now) != fmt.Sprint(held) {
		t.Errorf("%v, before %v", now, held)
	}
}

package fakeaws

import (
	"bytes"
	"cmp"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"time"

	"hci/sync/secret"
)

// token is a login to the registry.
type token struct {
	expires time.Time
	dead    bool
}

// lifetime is how long a token is valid.
const lifetime = 12 * time.Hour

func (s *Server) getAuthorizationToken(object) (object, error) {
	password := rand.Text() + rand.Text()
	t := &token{expires: time.Now().Add(lifetime)}
	s.tokens[password] = t
	return object{"authorizationData": []any{object{
		"authorizationToken": base64.StdEncoding.EncodeToString([]byte("AWS:" + password)),
		"expiresAt":          seconds(t.expires), "proxyEndpoint": "http://" + s.host,
	}}}, nil
}

// Token is one for the rehearsal's own containers.
func (s *Server) Token() secret.Value {
	s.mu.Lock()
	defer s.mu.Unlock()
	password := rand.Text() + rand.Text()
	s.tokens[password] = &token{expires: time.Now().Add(lifetime)}
	return secret.New(password)
}

// RepositoryURI is what images are named.
func (s *Server) RepositoryURI() string { return s.uri(s.o.Repository) }

func (s *Server) uri(repository string) string { return s.host + "/" + repository }

// has reports whether there is a repository.
func (s *Server) has(repository string) bool {
	return repository == s.o.Repository || slices.Contains(s.o.Repositories, repository)
}

func (s *Server) describeRepositories(in object) (object, error) {
	name := s.o.Repository
	for _, name = range list(in, "repositoryNames") {
		if !s.has(name) {
			return nil, fail("RepositoryNotFoundException", "The repository with name '%s' does not exist in the registry with id '%s'", name, s.o.Account)
		}
	}
	mutability := "MUTABLE"
	if s.o.Scenario == ImmutableTags {
		mutability = "IMMUTABLE"
	}
	return object{"repositories": []any{object{
		"registryId": s.o.Account, "repositoryName": name, "repositoryUri": s.uri(name),
		"repositoryArn": "arn:aws:ecr:" + s.o.Region + ":" + s.o.Account + ":repository/" + name, "imageTagMutability": mutability,
	}}}, nil
}

// manifests are the forms of a manifest that are asked for.
const manifests = "application/vnd.docker.distribution.manifest.v2+json, application/vnd.docker.distribution.manifest.list.v2+json, application/vnd.oci.image.manifest.v1+json, application/vnd.oci.image.index.v1+json"

// digest asks the registry which image a tag names; "" for none.
func (s *Server) digest(repository, tag string) string {
	r := httptest.NewRequest(http.MethodHead, "/v2/"+repository+"/manifests/"+tag, nil)
	r.Header.Set("Accept", manifests)
	w := httptest.NewRecorder()
	s.o.Registry.ServeHTTP(w, r)
	if w.Code != http.StatusOK {
		return ""
	}
	return w.Header().Get("Docker-Content-Digest")
}

func (s *Server) describeImages(in object) (object, error) {
	repository := str(in, "repositoryName")
	if !s.has(repository) {
		return nil, fail("RepositoryNotFoundException", "The repository with name '%s' does not exist in the registry with id '%s'", repository, s.o.Account)
	}
	details := []any{}
	for _, id := range objects(in, "imageIds") {
		reference := str(id, "imageTag")
		if reference == "" {
			reference = str(id, "imageDigest")
		}
		digest := s.digest(repository, reference)
		if digest == "" {
			return nil, fail("ImageNotFoundException", "The image with imageId {imageDigest:'null', imageTag:'%s'} does not exist within the repository with name '%s'", reference, repository)
		}
		detail := object{"registryId": s.o.Account, "repositoryName": repository, "imageDigest": digest}
		if tag := str(id, "imageTag"); tag != "" {
			detail["imageTags"] = []string{tag}
		}
		details = append(details, detail)
	}
	return object{"imageDetails": details}, nil
}

// batchGetImage hands out manifests by their digests or tags.
//
// https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_BatchGetImage.html
func (s *Server) batchGetImage(in object) (object, error) {
	images, failures := []any{}, []any{}
	for _, id := range objects(in, "imageIds") {
		reference := cmp.Or(str(id, "imageDigest"), str(id, "imageTag"))
		r := httptest.NewRequest(http.MethodGet, "/v2/"+str(in, "repositoryName")+"/manifests/"+reference, nil)
		r.Header.Set("Accept", manifests)
		w := httptest.NewRecorder()
		s.o.Registry.ServeHTTP(w, r)
		if w.Code != http.StatusOK || !s.has(str(in, "repositoryName")) {
			failures = append(failures, object{"imageId": id, "failureCode": "ImageNotFound"})
			continue
		}
		images = append(images, object{"imageId": id, "imageManifest": w.Body.String(), "imageManifestMediaType": w.Header().Get("Content-Type")})
	}
	return object{"images": images, "failures": failures}, nil
}

// layerPath begins the paths of layers that can be fetched without a login, as those
// with a signature can.
const layerPath = "/layers/"

// getDownloadURLForLayer tells where a layer, or an image's configuration, is fetched.
//
// https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_GetDownloadUrlForLayer.html
func (s *Server) getDownloadURLForLayer(in object) (object, error) {
	digest, repository := str(in, "layerDigest"), str(in, "repositoryName")
	if s.inside(http.MethodHead, "/v2/"+repository+"/blobs/"+digest, "", nil).Code != http.StatusOK {
		return nil, fail("LayersNotFoundException", "The layer with digest '%s' does not exist", digest)
	}
	return object{"downloadUrl": "http://" + s.host + layerPath + repository + "@" + digest + "?X-Amz-Signature=" + LayerSignature, "layerDigest": digest}, nil
}

// LayerSignature stands for the signature of such an address.
const LayerSignature = "5e7a1u3e"

func (s *Server) layer(w http.ResponseWriter, layer string) {
	repository, digest, _ := strings.Cut(layer, "@")
	blob := s.inside(http.MethodGet, "/v2/"+repository+"/blobs/"+digest, "", nil)
	w.WriteHeader(blob.Code)
	_, _ = w.Write(blob.Body.Bytes()) // the client went away
}

// putImage puts a manifest under a tag.
//
// https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_PutImage.html
func (s *Server) putImage(in object) (object, error) {
	tag, manifest, repository := str(in, "imageTag"), str(in, "imageManifest"), str(in, "repositoryName")
	sum := sha256.Sum256([]byte(manifest))
	switch old := s.digest(repository, tag); {
	case old == "sha256:"+hex.EncodeToString(sum[:]):
		return nil, fail("ImageAlreadyExistsException", "Image with digest and tag already exists.")
	case old != "" && s.o.Scenario == ImmutableTags:
		return nil, fail("ImageTagAlreadyExistsException", "The image tag '%s' already exists and cannot be overwritten because the tag is immutable.", tag)
	}
	if put := s.inside(http.MethodPut, "/v2/"+repository+"/manifests/"+tag, str(in, "imageManifestMediaType"), []byte(manifest)); put.Code != http.StatusCreated {
		return nil, fail("InvalidParameterException", "registry: HTTP status %d", put.Code)
	}
	return object{"image": object{"imageId": object{"imageTag": tag}}}, nil
}

// refuse answers as a registry does.
//
// https://github.com/opencontainers/distribution-spec/blob/main/spec.md#error-codes
func refuse(w http.ResponseWriter, status int, code, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, `{"errors":[{"code":"`+code+`","message":"`+message+`"}]}`)
}

// manifestOf is the repository and the tag in the path of a manifest.
func manifestOf(path string) (repository, tag string, ok bool) {
	repository, tag, ok = strings.Cut(strings.TrimPrefix(path, "/v2/"), "/manifests/")
	return repository, tag, ok && !strings.ContainsAny(tag, "/:")
}

// registry is ECR's, in front of the real one: it asks for a login, and knows
// expired tokens and immutable tags.
func (s *Server) registry(w http.ResponseWriter, r *http.Request) {
	user, password, _ := r.BasicAuth()
	switch s.known(user, password, r) {
	case alive:
	case dead:
		refuse(w, http.StatusForbidden, "DENIED", "Your authorization token has expired. Reauthenticate and try again.")
		return
	default:
		w.Header().Set("WWW-Authenticate", `Basic realm="http://`+s.host+`/",service="ecr.amazonaws.com"`)
		refuse(w, http.StatusUnauthorized, "UNAUTHORIZED", "Not Authorized")
		return
	}
	if s.o.Scenario == ImmutableTags && r.Method == http.MethodPut && s.overwrites(w, r) {
		return
	}
	s.o.Registry.ServeHTTP(w, r)
}

type standing int

const (
	unknown standing = iota
	alive
	dead
)

// known looks at a login. In its scenario, the first that uploads expires then.
func (s *Server) known(user, password string, r *http.Request) standing {
	s.mu.Lock()
	defer s.mu.Unlock()
	if subtle.ConstantTimeCompare([]byte(user), []byte("AWS")) != 1 {
		return unknown
	}
	t := s.tokens[password]
	if t == nil {
		return unknown
	}
	if s.o.Scenario == ExpiredToken && r.Method != http.MethodGet && r.Method != http.MethodHead && strings.Contains(r.URL.Path, "/blobs/") && !s.expired() {
		t.dead = true
	}
	if t.dead || time.Now().After(t.expires) {
		return dead
	}
	return alive
}

// expired reports whether one token did.
func (s *Server) expired() bool {
	for _, t := range s.tokens {
		if t.dead {
			return true
		}
	}
	return false
}

// overwrites refuses a manifest under a tag that is there with another one. The
// moving tag is there from the beginning.
func (s *Server) overwrites(w http.ResponseWriter, r *http.Request) bool {
	repository, tag, ok := manifestOf(r.URL.Path)
	if !ok {
		return false
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxRequest))
	if err != nil {
		return true
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	if s.digest(repository, tag) == "" {
		return false
	}
	refuse(w, http.StatusBadRequest, "TAG_INVALID", "The image tag '"+strings.ReplaceAll(tag, `"`, "")+"' already exists in the '"+repository+"' repository and cannot be overwritten because the tag is immutable.")
	return true
}

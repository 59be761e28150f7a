// Package ecr asks Amazon ECR for a repository, its images, and the token with
// which Docker may push to it.
package ecr

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"hci/internal/aws/client"
	"hci/sync/secret"
)

var service = client.Service{Host: "api.ecr", Name: "ecr", Target: "AmazonEC2ContainerRegistry_V20150921", Env: "AWS_ENDPOINT_URL_ECR"}

// Registry is the account's registry in a region. It is safe for concurrent use.
type Registry struct {
	client  *client.Client
	account string
	http    doer
}

// New returns the registry of an account; "" is that of the credentials.
func New(cfg client.Config, account string) *Registry {
	return &Registry{client: client.New(cfg, service), account: account, http: httpOf(cfg)}
}

// Repository is what ECR says of one.
type Repository struct {
	Name      string
	URI       string   // host/name, as images are named
	Account   string   // whose registry it lies in
	Immutable bool     // a tag that is there can't be pushed again, unless it is exempt
	exempt    []string // filters of tags for which it is the other way round
}

// Host is the registry's, with its port where it has one.
func (r Repository) Host() string {
	host, _, _ := strings.Cut(r.URI, "/")
	return host
}

// Takes reports whether a tag that is there may be pushed again.
//
// https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-tag-mutability.html
func (r Repository) Takes(tag string) bool {
	return r.Immutable == slices.ContainsFunc(r.exempt, func(filter string) bool { return matches(filter, tag) })
}

// matches reports whether a tag fits a filter, in which * stands for any text.
func matches(filter, tag string) bool {
	parts := strings.Split(filter, "*")
	if len(parts) == 1 {
		return filter == tag
	}
	rest, ok := strings.CutPrefix(tag, parts[0])
	for _, part := range parts[1 : len(parts)-1] {
		if ok {
			_, rest, ok = strings.Cut(rest, part)
		}
	}
	return ok && strings.HasSuffix(rest, parts[len(parts)-1])
}

// NotFoundError says that a repository, or an image in it, is not there.
type NotFoundError struct{ What string }

func (e *NotFoundError) Error() string { return e.What + " is not there" }

type members map[string]any

func (r *Registry) id(in members) members {
	if r.account != "" {
		in["registryId"] = r.account
	}
	return in
}

// Repository looks a repository up. It fails with a [*NotFoundError].
//
// https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_DescribeRepositories.html
func (r *Registry) Repository(ctx context.Context, name string) (Repository, error) {
	var out struct {
		Repositories []struct {
			RegistryID string `json:"registryId"`
			Name       string `json:"repositoryName"`
			URI        string `json:"repositoryUri"`
			Mutability string `json:"imageTagMutability"`
			Filters    []struct {
				Filter string `json:"filter"`
			} `json:"imageTagMutabilityExclusionFilters"`
		} `json:"repositories"`
	}
	err := r.client.Call(ctx, "DescribeRepositories", r.id(members{"repositoryNames": []string{name}}), &out)
	switch {
	case client.Code(err) == "RepositoryNotFoundException", err == nil && len(out.Repositories) == 0:
		return Repository{}, &NotFoundError{What: fmt.Sprintf("repository %q", name)}
	case err != nil:
		return Repository{}, fmt.Errorf("repository %q: %w", name, err)
	}
	found := out.Repositories[0]
	repo := Repository{Name: found.Name, URI: found.URI, Account: found.RegistryID, Immutable: strings.HasPrefix(found.Mutability, "IMMUTABLE")}
	for _, f := range found.Filters {
		repo.exempt = append(repo.exempt, f.Filter)
	}
	return repo, nil
}

// Digest returns the digest of the image with a tag or a digest, as the registry holds
// it now. It fails with a [*NotFoundError].
//
// https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_DescribeImages.html
func (r *Registry) Digest(ctx context.Context, repository, tag string) (string, error) {
	var out struct {
		Details []struct {
			Digest string `json:"imageDigest"`
		} `json:"imageDetails"`
	}
	id := members{"imageTag": tag}
	if strings.HasPrefix(tag, "sha256:") {
		id = members{"imageDigest": tag}
	}
	err := r.client.Call(ctx, "DescribeImages", r.id(members{"repositoryName": repository, "imageIds": []members{id}}), &out)
	switch {
	case client.Code(err) == "ImageNotFoundException", err == nil && len(out.Details) == 0:
		return "", &NotFoundError{What: fmt.Sprintf("image %s:%s", repository, tag)}
	case err != nil:
		return "", fmt.Errorf("image %s:%s: %w", repository, tag, err)
	}
	return out.Details[0].Digest, nil
}

// manifests are the forms of a manifest that are asked for.
var manifests = []string{
	"application/vnd.oci.image.manifest.v1+json", "application/vnd.oci.image.index.v1+json",
	"application/vnd.docker.distribution.manifest.v2+json", "application/vnd.docker.distribution.manifest.list.v2+json",
}

// Tag makes a tag name the image with a digest, which the registry holds. It fails with a
// [*NotFoundError] if it does not.
//
// https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-retag.html
func (r *Registry) Tag(ctx context.Context, repository, digest, tag string) error {
	text, kind, err := r.manifest(ctx, repository, digest)
	if err != nil {
		return err
	}
	put := members{"repositoryName": repository, "imageManifest": text, "imageTag": tag}
	if kind != "" {
		put["imageManifestMediaType"] = kind
	}
	err = r.client.Call(ctx, "PutImage", r.id(put), &struct{}{})
	if client.Code(err) == "ImageAlreadyExistsException" { // that tag names it already
		return nil
	}
	if err != nil {
		return fmt.Errorf("tag %s of %s: %w", tag, repository, err)
	}
	return nil
}

// Token is what Docker logs in with.
type Token struct {
	User     string
	Password secret.Value
	Expires  time.Time // zero if it isn't said; ECR's are valid for twelve hours
}

// Token asks for one.
//
// https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_GetAuthorizationToken.html
func (r *Registry) Token(ctx context.Context) (Token, error) {
	var out struct {
		Data []struct {
			Token   string       `json:"authorizationToken"`
			Expires *client.Time `json:"expiresAt"`
		} `json:"authorizationData"`
	}
	if err := r.client.Call(ctx, "GetAuthorizationToken", members{}, &out); err != nil {
		return Token{}, fmt.Errorf("token for the registry: %w", err)
	}
	if len(out.Data) == 0 {
		return Token{}, errors.New("ECR gave no token for the registry")
	}
	text, err := base64.StdEncoding.DecodeString(out.Data[0].Token)
	user, password, ok := strings.Cut(string(text), ":")
	if err != nil || !ok {
		return Token{}, errors.New("the token that ECR gave can't be read") // which must not be shown
	}
	t := Token{User: user, Password: secret.New(password)}
	if at := out.Data[0].Expires.Time(); at != nil {
		t.Expires = *at
	}
	return t, nil
}

package ecr

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"hci/internal/aws/client"
)

// maxConfig bounds the configuration of an image in bytes.
const maxConfig = 8 << 20

// manifest is an image, or a list of several.
//
// https://github.com/opencontainers/image-spec/blob/main/image-index.md
type manifest struct {
	Manifests []struct {
		Platform platform `json:"platform"`
	} `json:"manifests"`
	Config struct {
		Digest string `json:"digest"`
	} `json:"config"`
}

type platform struct {
	OS           string `json:"os"`
	Architecture string `json:"architecture"`
}

// String is as Docker names it: linux/amd64.
func (p platform) String() string { return p.OS + "/" + p.Architecture }

// Platforms are those that the image with a digest is for, sorted: one, or those of a
// list. What is no image, such as an attestation, is left out.
func (r *Registry) Platforms(ctx context.Context, repository, digest string) ([]string, error) {
	text, _, err := r.manifest(ctx, repository, digest)
	if err != nil {
		return nil, err
	}
	var m manifest
	if json.Unmarshal([]byte(text), &m) != nil {
		return nil, fmt.Errorf("image %s@%s: its manifest can't be read", repository, digest)
	}
	var all []string
	for _, one := range m.Manifests {
		if p := one.Platform; p.OS != "" && p.OS != "unknown" {
			all = append(all, p.String())
		}
	}
	if len(m.Manifests) == 0 {
		var p platform
		if p, err = r.configured(ctx, repository, m.Config.Digest); err == nil && p.OS != "" {
			all = []string{p.String()}
		}
	}
	switch {
	case err != nil:
		return nil, fmt.Errorf("image %s@%s: %w", repository, digest, err)
	case len(all) == 0:
		return nil, fmt.Errorf("image %s@%s does not tell its platform", repository, digest)
	}
	slices.Sort(all)
	return slices.Compact(all), nil
}

// configured reads the platform in the configuration of an image.
//
// https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_GetDownloadUrlForLayer.html
func (r *Registry) configured(ctx context.Context, repository, digest string) (p platform, err error) {
	var out struct {
		URL string `json:"downloadUrl"`
	}
	if err := r.client.Call(ctx, "GetDownloadUrlForLayer", r.id(members{"repositoryName": repository, "layerDigest": digest}), &out); err != nil {
		return p, err
	}
	data, err := r.download(ctx, out.URL)
	if err != nil {
		return p, err
	}
	sum := sha256.Sum256(data)
	if "sha256:"+hex.EncodeToString(sum[:]) != digest || json.Unmarshal(data, &p) != nil {
		return p, errors.New("its configuration is not what its manifest names")
	}
	return p, nil
}

// download fetches what AWS has signed a URL for. The URL is as good as a permission, and
// stands in no error.
func (r *Registry) download(ctx context.Context, signed string) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, signed, nil)
	if err != nil {
		return nil, errors.New("the address of its configuration can't be read")
	}
	answer, err := r.http.Do(request)
	if err != nil {
		var of *url.Error
		if errors.As(err, &of) {
			err = of.Err
		}
		return nil, fmt.Errorf("its configuration can't be fetched: %w", err)
	}
	defer func() { _ = answer.Body.Close() }()
	if answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("its configuration can't be fetched: HTTP status %d", answer.StatusCode)
	}
	data, err := io.ReadAll(io.LimitReader(answer.Body, maxConfig+1))
	if err == nil && len(data) > maxConfig {
		err = errors.New("its configuration is too large")
	}
	return data, err
}

// manifest reads the manifest of the image with a digest, and its media type. It fails
// with a [*NotFoundError].
//
// https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_BatchGetImage.html
func (r *Registry) manifest(ctx context.Context, repository, digest string) (text, kind string, err error) {
	var out struct {
		Images []struct {
			Manifest string `json:"imageManifest"`
			Type     string `json:"imageManifestMediaType"`
		} `json:"images"`
	}
	in := members{"repositoryName": repository, "imageIds": []members{{"imageDigest": digest}}, "acceptedMediaTypes": manifests}
	if err := r.client.Call(ctx, "BatchGetImage", r.id(in), &out); err != nil {
		return "", "", fmt.Errorf("image %s@%s: %w", repository, digest, err)
	}
	if len(out.Images) == 0 {
		return "", "", &NotFoundError{What: fmt.Sprintf("image %s@%s", repository, digest)}
	}
	return out.Images[0].Manifest, out.Images[0].Type, nil
}

// list is several images for one platform each.
//
// https://github.com/distribution/distribution/blob/main/docs/content/spec/manifest-v2-2.md#manifest-list
type list struct {
	Schema    int      `json:"schemaVersion"`
	Type      string   `json:"mediaType"`
	Manifests []listed `json:"manifests"`
}

type listed struct {
	Type     string   `json:"mediaType"`
	Size     int      `json:"size"`
	Digest   string   `json:"digest"`
	Platform platform `json:"platform"`
}

// Join makes a tag name a list of images that the registry holds, each for one platform,
// and returns the list's digest.
//
// https://docs.aws.amazon.com/AmazonECR/latest/userguide/docker-push-multi-architecture-image.html
func (r *Registry) Join(ctx context.Context, repository, tag string, digests, platforms []string) (string, error) {
	l := list{Schema: 2, Type: "application/vnd.oci.image.index.v1+json"}
	for i, digest := range digests {
		text, kind, err := r.manifest(ctx, repository, digest)
		if err != nil {
			return "", err
		}
		if kind == dockerManifest {
			l.Type = dockerList
		}
		system, architecture, _ := strings.Cut(platforms[i], "/")
		l.Manifests = append(l.Manifests, listed{Type: kind, Size: len(text), Digest: digest, Platform: platform{OS: system, Architecture: architecture}})
	}
	text, err := json.Marshal(l)
	if err != nil {
		return "", err
	}
	in := members{"repositoryName": repository, "imageManifest": string(text), "imageManifestMediaType": l.Type, "imageTag": tag}
	err = r.client.Call(ctx, "PutImage", r.id(in), &struct{}{})
	if err != nil && client.Code(err) != "ImageAlreadyExistsException" {
		return "", fmt.Errorf("list of %s:%s: %w", repository, tag, err)
	}
	sum := sha256.Sum256(text)
	return "sha256:" + hex.EncodeToString(sum[:]), nil
}

const (
	dockerManifest = "application/vnd.docker.distribution.manifest.v2+json"
	dockerList     = "application/vnd.docker.distribution.manifest.list.v2+json"
)

// doer sends requests.
type doer interface {
	Do(*http.Request) (*http.Response, error)
}

func httpOf(cfg client.Config) doer {
	if cfg.HTTPClient != nil {
		return cfg.HTTPClient
	}
	return http.DefaultClient
}

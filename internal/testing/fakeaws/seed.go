package fakeaws

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"

	"hci/tfvars/module"
)

// Before is the tag of the image that the service runs before a rehearsal. It has no
// content: its tasks are told to run.
const Before = "git-000000000000"

// unknownValue stands for what only an apply can tell.
const unknownValue = "(known after apply)"

// logGroup stands for one whose name only an apply can tell.
const logGroup = "/rehearsal"

// Definition is a declared task definition in AWS's form, as far as the code
// tells it. image tells the image of a container, arn the ARN of a secret by its
// name.
func Definition(t module.Task, image func(module.Task, module.Container) string, arn func(name string) string) map[string]any {
	raw := object{"family": t.Family, "networkMode": "awsvpc", "requiresCompatibilities": []any{"FARGATE"}, "cpu": "256", "memory": "512"}
	if t.Architecture+t.System != "" {
		raw["runtimePlatform"] = object{"cpuArchitecture": t.Architecture, "operatingSystemFamily": t.System}
	}
	containers := []any{}
	for _, c := range t.Containers {
		one := object{"name": c.Name, "image": image(t, c), "essential": c.Essential}
		for key, words := range map[string][]string{"command": c.Command, "entryPoint": c.EntryPoint} {
			if words != nil {
				one[key] = anys(words)
			}
		}
		environment, secrets := []any{}, []any{}
		for _, e := range c.Environment {
			value := unknownValue
			if e.Known && !e.Sensitive {
				value = e.Value.Reveal()
			}
			environment = append(environment, object{"name": e.Name, "value": value})
		}
		for _, ref := range c.Secrets {
			switch {
			case ref.SecretName == "":
			case ref.Parameter: // of the task's own region, so that the name is enough
				secrets = append(secrets, object{"name": ref.Name, "valueFrom": ref.SecretName})
			default:
				secrets = append(secrets, object{"name": ref.Name, "valueFrom": valueFrom(arn(ref.SecretName), ref)})
			}
		}
		one["environment"], one["secrets"] = environment, secrets
		if c.Log.Driver != "" {
			one["logConfiguration"] = logConfiguration(c.Log)
		}
		containers = append(containers, one)
	}
	raw["containerDefinitions"] = containers
	return raw
}

func anys(words []string) []any {
	all := []any{}
	for _, w := range words {
		all = append(all, w)
	}
	return all
}

// valueFrom is an ARN with what is taken of the secret.
func valueFrom(arn string, ref module.SecretRef) string {
	if ref.JSONKey+ref.Stage+ref.Version == "" {
		return arn
	}
	return arn + ":" + ref.JSONKey + ":" + ref.Stage + ":" + ref.Version
}

func logConfiguration(l module.Log) object {
	group := l.Group
	if group == "" {
		group = logGroup
	}
	return object{"logDriver": l.Driver, "options": object{"awslogs-group": group, "awslogs-stream-prefix": l.Prefix}}
}

// Hold puts an image without content under a tag, as one that was pushed before.
// Images of different names differ.
func (s *Server) Hold(tag, name string) error { return s.HoldFor(tag, name, "amd64") }

// HoldFor is [Server.Hold] for another architecture than amd64; "" for one that the image
// does not tell.
func (s *Server) HoldFor(tag, name, architecture string) error {
	return s.HoldIn(s.o.Repository, tag, name, architecture)
}

// HoldIn is [Server.HoldFor] in another repository.
func (s *Server) HoldIn(repository, tag, name, architecture string) error {
	system := "linux"
	if architecture == "" {
		system = ""
	}
	config := fmt.Appendf(nil, `{"architecture":%q,"os":%q,"rootfs":{"type":"layers","diff_ids":[]},"config":{"Labels":{"name":%q}}}`, architecture, system, name)
	sum := sha256.Sum256(config)
	digest := "sha256:" + hex.EncodeToString(sum[:])
	path := "/v2/" + repository
	begun := s.inside(http.MethodPost, path+"/blobs/uploads/", "", nil)
	location := begun.Header().Get("Location")
	if i := strings.Index(location, "/v2/"); i > 0 {
		location = location[i:]
	}
	join := "?"
	if strings.Contains(location, "?") {
		join = "&"
	}
	if put := s.inside(http.MethodPut, location+join+"digest="+digest, "application/octet-stream", config); put.Code != http.StatusCreated {
		return fmt.Errorf("registry: HTTP status %d", put.Code)
	}
	const kind = "application/vnd.docker.distribution.manifest.v2+json"
	manifest, err := json.Marshal(object{
		"schemaVersion": 2, "mediaType": kind, "layers": []any{},
		"config": object{"mediaType": "application/vnd.docker.container.image.v1+json", "size": len(config), "digest": digest},
	})
	if err != nil {
		return err
	}
	if put := s.inside(http.MethodPut, path+"/manifests/"+tag, kind, manifest); put.Code != http.StatusCreated {
		return fmt.Errorf("registry: HTTP status %d", put.Code)
	}
	return nil
}

// inside asks the registry behind the login.
func (s *Server) inside(method, path, kind string, body []byte) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, strings.NewReader(string(body)))
	if kind != "" {
		r.Header.Set("Content-Type", kind)
	}
	w := httptest.NewRecorder()
	s.o.Registry.ServeHTTP(w, r)
	return w
}

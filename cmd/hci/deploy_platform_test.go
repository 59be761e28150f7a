package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"hci/internal/aws/client"
	"hci/internal/aws/ecr"
	"hci/internal/testing/fakeaws"
)

// TestDeployPlatform: an image that the registry has is deployed only where it runs, and
// one that does not tell is deployed with a note.
func TestDeployPlatform(t *testing.T) {
	s := newStage(t, fakeaws.Healthy)
	s.hidden = append(s.hidden, fakeaws.LayerSignature)
	commit := s.commit()
	hold := func(tag, architecture string) {
		t.Helper()
		if err := s.server.HoldFor(tag, tag, architecture); err != nil {
			t.Fatal(err)
		}
	}
	hold("git-"+commit, "arm64")
	wrong := "problem: image: hci_web_staging:1 runs on linux/amd64, and the image in the registry is for linux/arm64"
	s.run(deployStaging()...).is(t, 1, wrong, "'hci deploy staging --rebuild' builds it for the task", "hci_migrate_staging:1 runs on linux/amd64", "nothing was done")
	hold("v1", "arm64")
	s.run(deployStaging("--tag", "v1")...).is(t, 1, wrong)
	hold("v2", "amd64")
	s.run(deployStaging("--tag", "v2", "--dry-run")...).is(t, 0)
	hold("v3", "")
	s.run(deployStaging("--tag", "v3", "--dry-run")...).is(t, 0, "note: image: which platform it is for is not known: image hci_registry_staging@sha256:", "does not tell its platform")
	s.refuses("GetDownloadUrlForLayer")
	s.run(deployStaging("--tag", "v1", "--dry-run")...).is(t, 0, "note: image: which platform it is for is not known", "not authorized")
	s.refuses()
	if changed := s.changed(); len(changed) > 0 {
		t.Errorf("asked for %q", changed)
	}
	// A list is for all of its platforms; what signs them is none.
	list := `{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[` +
		`{"mediaType":"application/vnd.docker.distribution.manifest.v2+json","size":1,"digest":"` + s.digest("v1") + `","platform":{"os":"linux","architecture":"arm64"}},` +
		`{"mediaType":"application/vnd.docker.distribution.manifest.v2+json","size":1,"digest":"` + s.digest("v2") + `","platform":{"os":"ARCH","architecture":"amd64"}}]}`
	for tag, system := range map[string]string{"both": "linux", "one": "unknown"} {
		s.call("ecr", "PutImage", map[string]any{
			"repositoryName": "hci_registry_staging", "imageTag": tag, "imageManifest": strings.Replace(list, "ARCH", system, 1), "imageManifestMediaType": "application/vnd.oci.image.index.v1+json",
		})
	}
	s.run(deployStaging("--tag", "both")...).is(t, 0, "hci: deployed\n")
	s.run(deployStaging("--tag", "one")...).is(t, 1, "the image in the registry is for linux/arm64")
}

// TestDeployPlatformOfOthers: a service that goes along, and runs elsewhere than the
// first, is told of before anything is done.
func TestDeployPlatformOfOthers(t *testing.T) {
	s := newStage(t, fakeaws.Healthy, (*stage).services, func(s *stage) {
		path := filepath.Join(s.dir, "infra", "ecs.tf")
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		at := strings.Index(string(text), `"hci_worker_`)
		if at < 0 {
			t.Fatal("there is no worker")
		}
		at += strings.Index(string(text[at:]), "\n") + 1
		changed := string(text[:at]) + "  runtime_platform {\n    cpu_architecture        = \"ARM64\"\n    operating_system_family = \"LINUX\"\n  }\n" + string(text[at:])
		if err := os.WriteFile(path, []byte(changed), 0o600); err != nil {
			t.Fatal(err)
		}
	})
	s.held(s.commit())
	s.run(deployStaging()...).is(t, 1, "problem: image: hci_worker_staging:1 runs on linux/arm64, and the image in the registry is for linux/amd64", "nothing was done")
	s.run(deployStaging("--image", "deployed", "--dry-run")...).is(t, 0)
	// One image for both is a list, and hci.hcl says that it is built so.
	s.write("hci.hcl", "deploy {\n  platform = [\"linux/amd64\", \"linux/arm64\"]\n}\n")
	commit := s.commit()
	var digests []string
	for _, architecture := range []string{"amd64", "arm64"} {
		if err := s.server.HoldFor(architecture, architecture, architecture); err != nil {
			t.Fatal(err)
		}
		digests = append(digests, s.digest(architecture))
	}
	registry := ecr.New(client.Config{Region: "eu-central-1", BaseEndpoint: aws.String("http://" + s.host), Credentials: credentials.NewStaticCredentialsProvider("a", "b", "")}, "")
	list, err := registry.Join(t.Context(), "hci_registry_staging", "git-"+commit, digests, []string{"linux/amd64", "linux/arm64"})
	if err != nil || list != s.digest("git-"+commit) {
		t.Fatalf("%s, %v", list, err)
	}
	s.run(deployStaging()...).is(t, 0, "hci: deployed\n")
	if got := s.images(); got[1] != s.server.RepositoryURI()+"@"+list {
		t.Errorf("%q run", got)
	}
}

//go:build interop

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"hci/sync/localsm"
)

// raceRounds is how often the writers race; HCI_RACE_ROUNDS sets another number.
const raceRounds = 1000

// TestInteropRace lets two hci processes and a plain writer over the AWS SDK
// race over one secret: every write that was reported as done is in the secret's
// history, with its value.
func TestInteropRace(t *testing.T) {
	rounds := raceRounds
	if n, err := strconv.Atoi(os.Getenv("HCI_RACE_ROUNDS")); err == nil {
		rounds = n
	}
	server := localsm.New(localsm.Options{Region: "eu-central-1"})
	front := httptest.NewServer(server)
	t.Cleanup(front.Close)
	if err := server.PutEmpty("contested"); err != nil {
		t.Fatal(err)
	}
	id, key, _ := server.Credentials()
	env := []string{
		"AWS_ENDPOINT_URL_SECRETS_MANAGER=" + front.URL, "AWS_ACCESS_KEY_ID=" + id, "AWS_SECRET_ACCESS_KEY=" + key,
		"AWS_REGION=eu-central-1", "AWS_CONFIG_FILE=" + os.DevNull, "AWS_SHARED_CREDENTIALS_FILE=" + os.DevNull,
		"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(),
	}
	for _, kv := range env[:6] {
		name, value, _ := strings.Cut(kv, "=")
		t.Setenv(name, value)
	}
	cfg, err := config.LoadDefaultConfig(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	client := secretsmanager.NewFromConfig(cfg)
	dirs := []string{raceProject(t), raceProject(t)}
	done := map[string]string{} // values by version, of all writes that were reported as done
	conflicts := 0
	var mu sync.Mutex
	report := func(version, value string) {
		mu.Lock()
		defer mu.Unlock()
		if version == "" {
			conflicts++
			return
		}
		done[version] = value
	}
	for round := range rounds {
		var writers sync.WaitGroup
		for i, dir := range dirs {
			writers.Go(func() {
				value := fmt.Sprintf("hci-%d-%d", i, round)
				version, err := racePush(dir, value, env)
				if err != nil {
					t.Errorf("round %d: %v", round, err)
				}
				report(version, value)
			})
		}
		writers.Go(func() {
			value := fmt.Sprintf("sdk-%d", round)
			out, err := client.PutSecretValue(context.Background(), &secretsmanager.PutSecretValueInput{SecretId: aws.String("contested"), SecretString: &value})
			if err != nil {
				t.Errorf("round %d: %v", round, err)
				return
			}
			report(*out.VersionId, value)
		})
		writers.Wait()
		if t.Failed() {
			return
		}
	}
	held := map[string]string{}
	for _, v := range server.History("contested") {
		held[v.ID] = v.Value.Reveal()
		for _, label := range v.Labels {
			if strings.HasPrefix(label, "hci-") {
				t.Errorf("version %s keeps the label %s", v.ID, label)
			}
		}
	}
	for version, value := range done {
		if held[version] != value {
			t.Errorf("the write of %s as version %s was reported as done, and is not in the history", value, version)
		}
	}
	if len(done) < rounds || conflicts == 0 || len(done)+conflicts != 3*rounds {
		t.Errorf("%d rounds: %d writes done, %d refused", rounds, len(done), conflicts)
	}
	t.Logf("%d rounds: %d writes done, %d refused because somebody else wrote", rounds, len(done), conflicts)
}

func raceProject(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{"hci.hcl": "environment \"app\" {}\n", "main.tf": `variable "v" {}
resource "aws_secretsmanager_secret" "s" { name = "contested" }
resource "aws_secretsmanager_secret_version" "s" {
  secret_id     = aws_secretsmanager_secret.s.id
  secret_string = var.v
}
`} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// racePush runs hci in a process of its own and returns the version that it
// reports as written, "" if it reports a conflict.
func racePush(dir, value string, env []string) (version string, err error) {
	if err := os.WriteFile(filepath.Join(dir, "app_secrets.tfvars"), fmt.Appendf(nil, "v = %q\n", value), 0o600); err != nil {
		return "", err
	}
	cmd := exec.Command("hci", "secrets", "push", "app", "--yes", "--json") // testscript's
	cmd.Dir, cmd.Env = dir, env
	var errOut bytes.Buffer
	cmd.Stderr = &errOut
	out, err := cmd.Output()
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.ExitCode() == exitConflict {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("%w: %s", err, errOut.String())
	}
	var report pushReport
	if err := json.Unmarshal(out, &report); err != nil {
		return "", err
	}
	if len(report.Secrets) != 1 || report.Secrets[0].Outcome != "written" {
		return "", fmt.Errorf("exit code 0 and %v", report.Counts)
	}
	return report.Secrets[0].Version, nil
}

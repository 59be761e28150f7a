//go:build interop

package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"hci/internal/testing/interop"
	"hci/sync/localsm"
	"hci/sync/secret"
)

// raceRounds is how often the writers race; HCI_RACE_ROUNDS sets another number.
const raceRounds = 1000

// botoWriter is a process that writes with boto3: it takes lines of an operation
// and a value, and answers each with the version, "" if it was refused.
const botoWriter = `
import sys, uuid, boto3, botocore
sm, ssm = boto3.client("secretsmanager"), boto3.client("ssm")
def put(value):
    return sm.put_secret_value(SecretId="contested", SecretString=value)["VersionId"]
def update(value):
    return sm.update_secret(SecretId="contested", SecretString=value)["VersionId"]
def rotate(value):
    token = str(uuid.uuid4())
    sm.put_secret_value(SecretId="contested", SecretString=value, ClientRequestToken=token, VersionStages=["AWSPENDING"])
    stages = sm.describe_secret(SecretId="contested")["VersionIdsToStages"]
    now = next(v for v, labels in stages.items() if "AWSCURRENT" in labels)
    sm.update_secret_version_stage(SecretId="contested", VersionStage="AWSCURRENT", MoveToVersionId=token, RemoveFromVersionId=now)
    return token
def parameter(value):
    return ssm.put_parameter(Name="/contested", Value=value, Overwrite=True)["Version"]
for line in sys.stdin:
    operation, value = line.split()
    try:
        print(globals()[operation](value), flush=True)
    except botocore.exceptions.ClientError as e:
        if e.response["Error"]["Code"] not in ("InvalidParameterException", "InvalidRequestException"):
            raise
        print("", flush=True)
`

// boto starts a botoWriter and returns what makes it write.
func boto(t *testing.T, env []string) func(operation, value string) (string, error) {
	t.Helper()
	python := interop.Need(t, "python3")
	if exec.Command(python, "-c", "import boto3").Run() != nil {
		interop.Missing(t, "boto3", "python3 has no boto3")
	}
	cmd := exec.Command(python, "-c", botoWriter)
	cmd.Env = append(env, "AWS_DEFAULT_REGION=eu-central-1")
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = in.Close(); _ = cmd.Wait() })
	lines := bufio.NewReader(out)
	return func(operation, value string) (string, error) {
		if _, err := fmt.Fprintln(in, operation, value); err != nil {
			return "", err
		}
		line, err := lines.ReadString('\n')
		return strings.TrimSpace(line), err
	}
}

func rounds() int {
	if n, err := strconv.Atoi(os.Getenv("HCI_RACE_ROUNDS")); err == nil {
		return n
	}
	return raceRounds
}

// TestInteropRaceOfMany lets two hci, a put, an update and a rotation by boto3 race
// over one secret, each in a process of its own. This process has the history and is
// the judge: each write that was reported as done is in it, with its value, and no
// label of hci's is left.
func TestInteropRaceOfMany(t *testing.T) {
	server, env := raceServer(t)
	if err := server.PutEmpty("contested"); err != nil {
		t.Fatal(err)
	}
	dirs := []string{raceProject(t), raceProject(t)}
	writers := map[string]func(operation, value string) (string, error){}
	for _, operation := range []string{"put", "update", "rotate"} {
		writers[operation] = boto(t, env)
	}
	done := map[string]string{}
	refused := 0
	var mu sync.Mutex
	n := max(1, rounds()/10)
	for round := range n {
		var group sync.WaitGroup
		report := func(version, value string, err error) {
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err != nil:
				t.Errorf("round %d: %v", round, err)
			case version == "":
				refused++
			default:
				done[version] = value
			}
		}
		for i, dir := range dirs {
			group.Go(func() {
				value := fmt.Sprintf("hci-%d-%d", i, round)
				version, err := racePush(dir, value, env)
				report(version, value, err)
			})
		}
		for operation, write := range writers {
			group.Go(func() {
				value := fmt.Sprintf("%s-%d", operation, round)
				version, err := write(operation, value)
				report(version, value, err)
			})
		}
		group.Wait()
		if t.Failed() {
			return
		}
	}
	judge(t, server.History("contested"), done)
	current := 0
	for _, v := range server.History("contested") {
		if slices.Contains(v.Labels, "AWSCURRENT") {
			current++
		}
	}
	if len(done)+refused != 5*n || current != 1 {
		t.Errorf("%d rounds: %d writes done, %d refused; %d versions are current", n, len(done), refused, current)
	}
	t.Logf("%d rounds: %d writes done, %d refused because somebody else wrote", n, len(done), refused)
}

// TestInteropRaceParameter lets two hci and a put by boto3 race over one parameter,
// which has no compare-and-swap: each write that was reported as done is in the
// history, and where hci says that it wrote over another's version, that one is kept
// just below.
func TestInteropRaceParameter(t *testing.T) {
	server, env := raceServer(t)
	if err := server.PutParameter("/contested", secret.New("first"), localsm.Parameter{Type: "SecureString"}); err != nil {
		t.Fatal(err)
	}
	dirs := []string{raceParameter(t), raceParameter(t)}
	write := boto(t, env)
	n := min(30, max(1, rounds()/10)) // AWS keeps a hundred versions
	done := map[string]string{}
	refused := 0
	var mu sync.Mutex
	for round := range n {
		var group sync.WaitGroup
		for i, dir := range dirs {
			group.Go(func() {
				value := fmt.Sprintf("hci-%d-%d", i, round)
				version, err := racePush(dir, value, env)
				mu.Lock()
				defer mu.Unlock()
				if err != nil {
					t.Errorf("round %d: %v", round, err)
				} else if version == "" {
					refused++
				} else {
					done[version] = value
				}
			})
		}
		group.Go(func() {
			value := fmt.Sprintf("boto-%d", round)
			version, err := write("parameter", value)
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				t.Errorf("round %d: %v", round, err)
			}
			done[version] = value
		})
		group.Wait()
		if t.Failed() {
			return
		}
	}
	judge(t, server.ParameterHistory("/contested"), done)
	if len(done)+refused != 3*n {
		t.Errorf("%d rounds: %d writes done, %d refused", n, len(done), refused)
	}
	t.Logf("%d rounds: %d writes done, %d refused because somebody else wrote", n, len(done), refused)
}

// judge compares the writes that were reported as done with a history.
func judge(t *testing.T, history []localsm.Version, done map[string]string) {
	t.Helper()
	held := map[string]string{}
	for _, v := range history {
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
}

// raceServer serves an embedded AWS and returns the environment of its clients,
// which is this process's as well.
func raceServer(t *testing.T) (*localsm.Server, []string) {
	t.Helper()
	server := localsm.New(localsm.Options{Region: "eu-central-1"})
	front := httptest.NewServer(server)
	t.Cleanup(front.Close)
	id, key, _ := server.Credentials()
	env := []string{
		"AWS_ENDPOINT_URL_SECRETS_MANAGER=" + front.URL, "AWS_ENDPOINT_URL_SSM=" + front.URL, "AWS_ACCESS_KEY_ID=" + id, "AWS_SECRET_ACCESS_KEY=" + key,
		"AWS_REGION=eu-central-1", "AWS_CONFIG_FILE=" + os.DevNull, "AWS_SHARED_CREDENTIALS_FILE=" + os.DevNull,
	}
	for _, kv := range env {
		name, value, _ := strings.Cut(kv, "=")
		t.Setenv(name, value)
	}
	return server, append(env, "PATH="+os.Getenv("PATH"), "HOME="+t.TempDir())
}

// TestInteropRace lets two hci processes and a plain writer over the AWS SDK
// race over one secret: every write that was reported as done is in the secret's
// history, with its value.
func TestInteropRace(t *testing.T) {
	rounds := rounds()
	server, env := raceServer(t)
	if err := server.PutEmpty("contested"); err != nil {
		t.Fatal(err)
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
	judge(t, server.History("contested"), done)
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

// raceParameter is raceProject with a parameter.
func raceParameter(t *testing.T) string {
	t.Helper()
	dir := raceProject(t)
	code := `variable "v" {}
resource "aws_ssm_parameter" "s" {
  name  = "/contested"
  type  = "SecureString"
  value = var.v
}
`
	if err := os.WriteFile(filepath.Join(dir, "main.tf"), []byte(code), 0o600); err != nil {
		t.Fatal(err)
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
		return overwritten(out)
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

// overwritten is the version of a write that took another's place in the moment
// between, which is only possible of a parameter; "" where nothing was written.
func overwritten(out []byte) (string, error) {
	var report pushReport
	if err := json.Unmarshal(out, &report); err != nil {
		return "", err
	}
	if len(report.Secrets) != 1 || report.Secrets[0].Outcome != "conflict" {
		return "", fmt.Errorf("exit code %d and %v", exitConflict, report.Counts)
	}
	return report.Secrets[0].Version, nil
}

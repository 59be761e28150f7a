//go:build bench

package main

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"hci/sync/localsm"
	"hci/sync/secret"
)

// roundTrip is the time that every request takes on its way.
const roundTrip = 40 * time.Millisecond

// requests counts what a server was asked, by operation.
type requests struct {
	mu    sync.Mutex
	count map[string]int
}

func (r *requests) add(operation string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.count[operation]++
}

// take returns the counts in words, and begins anew.
func (r *requests) take() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	var all []string
	for _, operation := range slices.Sorted(maps.Keys(r.count)) {
		all = append(all, fmt.Sprintf("%d %s", r.count[operation], operation))
	}
	r.count = map[string]int{}
	return strings.Join(all, ", ")
}

// farServer serves n secrets, each request delayed by a round trip, and returns
// a client's environment. value is what each holds.
func farServer(t *testing.T, n int, value func(int) string) ([]string, *requests) {
	t.Helper()
	server := localsm.New(localsm.Options{Region: "eu-central-1"})
	for i := range n {
		if err := server.Put(secretName(i), secret.New(value(i))); err != nil {
			t.Fatal(err)
		}
	}
	asked := &requests{count: map[string]int{}}
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
		asked.add(operation)
		time.Sleep(roundTrip)
		server.ServeHTTP(w, r)
	}))
	t.Cleanup(front.Close)
	id, key, _ := server.Credentials()
	return []string{
		"AWS_ENDPOINT_URL_SECRETS_MANAGER=" + front.URL, "AWS_ACCESS_KEY_ID=" + id, "AWS_SECRET_ACCESS_KEY=" + key,
		"AWS_REGION=eu-central-1", "AWS_DEFAULT_REGION=eu-central-1", "AWS_CONFIG_FILE=" + os.DevNull, "AWS_SHARED_CREDENTIALS_FILE=" + os.DevNull,
		"AWS_EC2_METADATA_DISABLED=true",
	}, asked
}

func secretName(i int) string  { return fmt.Sprintf("app/staging/secret_%05d", i) }
func secretValue(i int) string { return fmt.Sprintf("%05d-%s", i, strings.Repeat("v", 40)) }

// manySecrets makes a project that declares n secrets.
func manySecrets(t *testing.T, n int) string {
	t.Helper()
	dir := t.TempDir()
	var tf, vars strings.Builder
	tf.WriteString(`variable "secrets" { type = map(string) }
resource "aws_secretsmanager_secret" "s" {
  for_each = var.secrets
  name     = "app/staging/${each.key}"
}
resource "aws_secretsmanager_secret_version" "s" {
  for_each      = var.secrets
  secret_id     = aws_secretsmanager_secret.s[each.key].id
  secret_string = each.value
}
`)
	vars.WriteString("secrets = {\n")
	for i := range n {
		fmt.Fprintf(&vars, "  secret_%05d = %q\n", i, secretValue(i))
	}
	vars.WriteString("}\n")
	for name, text := range map[string]string{"hci.hcl": "environment \"app\" {}\n", "main.tf": tf.String(), "app_secrets.tfvars": vars.String()} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestBenchDiff(t *testing.T) {
	hci := hciBinary(t)
	for _, c := range []struct {
		secrets, turns int
		goal           time.Duration
	}{{1000, 5, 600 * time.Millisecond}, {10_000, 2, 6 * time.Second}} {
		env, asked := farServer(t, c.secrets, secretValue)
		dir := manySecrets(t, c.secrets)
		diff := command(t, dir, env, hci, "secrets", "diff", "app")
		diff()
		figure("diff of %d secrets asks for %s", c.secrets, asked.take())
		mine, series, peak := turns(c.turns, diff, func() int64 { batchInSeries(t, env, c.secrets); return 0 })
		figure("diff of %d secrets, %v round trip: hci %s (goal: under %v), batches in series %s, ratio %.2f; peak memory %.1f MiB (goal: under 64)",
			c.secrets, roundTrip, ms(mine), c.goal, ms(series), float64(mine)/float64(series), float64(peak)/(1<<20))
		if c.secrets == 1000 {
			oneByOne(t, env, dir, mine)
		}
	}
}

// TestBenchDiffMany compares 20,000 secrets. AWS's quota of 100 batches a second is
// what there is to compare with.
func TestBenchDiffMany(t *testing.T) {
	const n, batch, perSecond = 20_000, 20, 100
	env, asked := farServer(t, n, secretValue)
	diff := command(t, manySecrets(t, n), env, hciBinary(t), "secrets", "diff", "app")
	start := time.Now()
	peak := diff()
	took, floor := time.Since(start), time.Second*n/batch/perSecond
	figure("diff of %d secrets, %v round trip: hci %s (goal: under 12 s), AWS's quota %s, ratio %.2f; peak memory %.1f MiB (goal: under 96); %s",
		n, roundTrip, ms(took), ms(floor), float64(took)/float64(floor), float64(peak)/(1<<20), asked.take())
}

// TestBenchPush pushes 1,000 secrets that differ. AWS's quota of 50 writes a second
// is what there is to compare with.
func TestBenchPush(t *testing.T) {
	const n, writes, perSecond = 1000, 3, 50
	env, asked := farServer(t, n, func(i int) string { return "before " + secretValue(i) })
	push := command(t, manySecrets(t, n), env, hciBinary(t), "secrets", "push", "app", "--yes")
	start := time.Now()
	peak := push()
	took, floor := time.Since(start), time.Second*n*writes/perSecond
	figure("push of %d secrets, %v round trip: hci %s, AWS's quota %s, ratio %.2f (goal: at most 1.1); peak memory %.1f MiB; %s",
		n, roundTrip, ms(took), ms(floor), float64(took)/float64(floor), float64(peak)/(1<<20), asked.take())
}

// batchInSeries is the AWS SDK, twenty secrets a call, one call after the other.
func batchInSeries(t *testing.T, env []string, n int) {
	t.Helper()
	for _, kv := range env {
		name, value, _ := strings.Cut(kv, "=")
		t.Setenv(name, value)
	}
	cfg, err := config.LoadDefaultConfig(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	client := secretsmanager.NewFromConfig(cfg)
	for i := 0; i < n; i += 20 {
		var ids []string
		for j := i; j < min(i+20, n); j++ {
			ids = append(ids, secretName(j))
		}
		out, err := client.BatchGetSecretValue(context.Background(), &secretsmanager.BatchGetSecretValueInput{SecretIdList: ids})
		if err != nil || len(out.SecretValues) != len(ids) {
			t.Fatalf("%v", err)
		}
	}
}

// oneByOne measures ten calls of the AWS CLI and scales them.
func oneByOne(t *testing.T, env []string, dir string, mine time.Duration) {
	t.Helper()
	cli, err := exec.LookPath("aws")
	if err != nil {
		figure("diff: the AWS CLI is not installed, nothing to compare with")
		return
	}
	start := time.Now()
	for i := range 10 {
		command(t, dir, env, cli, "secretsmanager", "get-secret-value", "--secret-id", secretName(i))()
	}
	all := time.Since(start) * 100
	figure("diff of 1000 secrets: hci %s, aws get-secret-value one by one %s (10 calls, scaled), ratio %.4f", ms(mine), ms(all), float64(mine)/float64(all))
}

// TestBenchEnv measures exporting, and running a command with, 1,000 variables.
func TestBenchEnv(t *testing.T) {
	hci := hciBinary(t)
	dir := t.TempDir()
	var tf, vars strings.Builder
	for i := range 1000 {
		fmt.Fprintf(&tf, "variable \"secret_%04d\" {}\n", i)
		fmt.Fprintf(&vars, "secret_%04d = %q\n", i, secretValue(i))
	}
	for name, text := range map[string]string{"hci.hcl": "environment \"app\" {}\n", "main.tf": tf.String(), "app_secrets.tfvars": vars.String()} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	export := command(t, dir, nil, hci, "env", "export", "app")
	command(t, dir, nil, hci, "env", "export", "app", "-o", ".env")()
	for _, p := range []struct {
		name string
		args []string
	}{{"dotenv", []string{"-f", ".env", "list"}}, {"node", []string{"--env-file=.env", "-e", "0"}}} {
		path, err := exec.LookPath(p.name)
		if err != nil {
			figure("env export: %s is not installed, nothing to compare with", p.name)
			continue
		}
		mine, theirs, _ := turns(20, export, command(t, dir, nil, path, p.args...))
		figure("env export of 1000 variables: hci %s (goal: under 60 ms), %s reading them %s, ratio %.2f", ms(mine), p.name, ms(theirs), float64(mine)/float64(theirs))
	}
	sealed, phrase := benchProject(t, 10_000)
	mine, decrypt, _ := turns(40, command(t, sealed, phrase, hci, "env", "run", "staging", "--", "/bin/true"), command(t, sealed, phrase, hci, "secrets", "decrypt", "staging", "-o", "-"))
	figure("env run with 50 variables from the sealed file: %s; to open it alone %s: %s more (goal: under 20 ms)", ms(mine), ms(decrypt), ms(mine-decrypt))
	mine, bare, _ := turns(30, command(t, dir, nil, hci, "env", "run", "app", "--", "/bin/true"), command(t, dir, nil, "/bin/true"))
	figure("env run with 1000 variables from the plaintext: %s, the command alone %s: %s more", ms(mine), ms(bare), ms(mine-bare))
}

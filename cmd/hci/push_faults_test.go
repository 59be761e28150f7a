package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"hci/internal/testing/faultproxy"
	"hci/sync/localsm"
	"hci/sync/secret"
)

// faulty is a project and the embedded Secrets Manager behind a proxy.
type faulty struct {
	dir    string
	server *localsm.Server
	proxy  *faultproxy.Proxy
}

const faultySecrets = 10

func faultyName(i int) string  { return fmt.Sprintf("app/s%d", i) }
func faultyValue(i int) string { return fmt.Sprintf("new-hunter2-%d", i) }

// newFaulty makes one: of its secrets, every third has no value, the others have
// an old one.
func newFaulty(t *testing.T) *faulty {
	t.Helper()
	f := &faulty{dir: t.TempDir(), server: localsm.New(localsm.Options{Region: "eu-central-1"})}
	f.proxy = &faultproxy.Proxy{Server: f.server}
	front := httptest.NewServer(f.proxy)
	t.Cleanup(front.Close)
	var vars strings.Builder
	vars.WriteString("s = {\n")
	for i := range faultySecrets {
		fmt.Fprintf(&vars, "  s%d = %q\n", i, faultyValue(i))
		var err error
		if i%3 == 0 {
			err = f.server.PutEmpty(faultyName(i))
		} else {
			err = f.server.Put(faultyName(i), secret.New("old"))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	vars.WriteString("}\n")
	for name, text := range map[string]string{
		"hci.hcl": "environment \"app\" {}\n", "app_secrets.tfvars": vars.String(),
		"main.tf": `variable "s" { type = map(string) }
resource "aws_secretsmanager_secret" "s" {
  for_each = var.s
  name     = "app/${each.key}"
}
resource "aws_secretsmanager_secret_version" "s" {
  for_each      = var.s
  secret_id     = aws_secretsmanager_secret.s[each.key].id
  secret_string = each.value
}
`,
	} {
		if err := os.WriteFile(filepath.Join(f.dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	id, key, _ := f.server.Credentials()
	for name, value := range map[string]string{
		"AWS_ENDPOINT_URL_SECRETS_MANAGER": front.URL, "AWS_ACCESS_KEY_ID": id, "AWS_SECRET_ACCESS_KEY": key,
		"AWS_REGION": "eu-central-1", "AWS_CONFIG_FILE": os.DevNull, "AWS_SHARED_CREDENTIALS_FILE": os.DevNull, "AWS_PROFILE": "",
	} {
		t.Setenv(name, value)
	}
	return f
}

// push runs the command and returns its exit code, its report and what it said.
func (f *faulty) push(ctx context.Context, t *testing.T) (int, pushReport, string) {
	t.Helper()
	var out, errOut bytes.Buffer
	code := run(ctx, []string{"-C", f.dir, "secrets", "push", "app", "--yes", "--json"}, streams{in: strings.NewReader(""), out: &out, err: &errOut}, os.Environ())
	if strings.Contains(out.String()+errOut.String(), "hunter2") {
		t.Error("a value is shown")
	}
	var report pushReport
	if out.Len() > 0 {
		if err := json.Unmarshal(out.Bytes(), &report); err != nil {
			t.Fatalf("%v in %s", err, out.String())
		}
	}
	return code, report, errOut.String()
}

// check compares the report with what the server holds.
func (f *faulty) check(t *testing.T, code int, report pushReport, said string) {
	t.Helper()
	outcomes := map[string]outcomeReport{}
	for _, o := range report.Secrets {
		outcomes[o.Name] = o
	}
	written := 0
	for i := range faultySecrets {
		name := faultyName(i)
		history := f.server.History(name)
		at := slices.IndexFunc(history, func(v localsm.Version) bool { return slices.Contains(v.Labels, "AWSCURRENT") })
		isNew := at >= 0 && history[at].Value.Equal(secret.New(faultyValue(i)))
		if !isNew && at >= 0 && !history[at].Value.Equal(secret.New("old")) {
			t.Errorf("%s is neither old nor new", name)
		}
		o := outcomes[name]
		if o.Outcome == "written" {
			written++
		}
		if done := o.Outcome == "written"; done != isNew && o.Outcome != "" && !strings.Contains(o.Error, "not known whether") {
			t.Errorf("%s: reported %q %q, holds the new value: %v", name, o.Outcome, o.Error, isNew)
		}
		if o.Outcome == "" && isNew && len(report.Secrets) > 0 {
			t.Errorf("%s is new, and not reported", name)
		}
		if o.Outcome == "written" && o.Version != history[at].ID {
			t.Errorf("%s: reported version %s, it is %s", name, o.Version, history[at].ID)
		}
	}
	if report.Counts["written"] != written {
		t.Errorf("%d counted, %d written", report.Counts["written"], written)
	}
	if (code == exitOK) != (written == faultySecrets) {
		t.Errorf("exit code %d, %d of %d written: %s", code, written, faultySecrets, said)
	}
}

// again runs the push without faults: it finishes the job.
func (f *faulty) again(t *testing.T) {
	t.Helper()
	f.proxy.Set(nil)
	if code, _, said := f.push(context.Background(), t); code != exitOK {
		t.Errorf("the second push: exit code %d: %s", code, said)
	}
	for i := range faultySecrets {
		history := f.server.History(faultyName(i))
		at := slices.IndexFunc(history, func(v localsm.Version) bool { return slices.Contains(v.Labels, "AWSCURRENT") })
		if at < 0 || !history[at].Value.Equal(secret.New(faultyValue(i))) {
			t.Errorf("%s is not new after the second push", faultyName(i))
		}
	}
}

// TestPushFaults: each fault hits the first put and the first move, and then
// all of them for one secret.
func TestPushFaults(t *testing.T) {
	for _, fault := range append([]faultproxy.Fault{faultproxy.Denied, faultproxy.Expired}, faultproxy.Transient...) {
		t.Run(fault.String(), func(t *testing.T) {
			f := newFaulty(t)
			f.proxy.Set(func(r faultproxy.Request) faultproxy.Fault {
				write := r.Operation == "PutSecretValue" || r.Operation == "UpdateSecretVersionStage"
				if write && r.Attempt == 1 && (r.Secret == faultyName(1) || r.Secret == faultyName(3)) {
					return fault
				}
				return faultproxy.None
			})
			code, report, said := f.push(context.Background(), t)
			f.proxy.Set(nil)
			f.check(t, code, report, said)
			switch fault {
			case faultproxy.Denied:
				if code != exitFailed || report.Counts["failed"] != 2 || report.Counts["written"] != faultySecrets-2 ||
					!strings.Contains(said, `secret "app/s1": secretsmanager:PutSecretValue is not allowed`) {
					t.Errorf("exit code %d, %v: %s", code, report.Counts, said)
				}
			case faultproxy.Expired:
				if code != exitFailed || !strings.Contains(said, "they have expired") {
					t.Errorf("exit code %d: %s", code, said)
				}
			default:
				if code != exitOK {
					t.Errorf("exit code %d: %s", code, said)
				}
			}
			f.again(t)
		})
	}
}

// TestPushInterrupted interrupts a push at every single request.
func TestPushInterrupted(t *testing.T) {
	for k, done := 1, false; !done && k < 200; k++ {
		t.Run(fmt.Sprint("at request ", k), func(t *testing.T) {
			f := newFaulty(t)
			ctx, interrupt := context.WithCancel(context.Background())
			defer interrupt()
			f.proxy.Set(func(r faultproxy.Request) faultproxy.Fault {
				if r.N == k {
					interrupt()
				}
				return faultproxy.None
			})
			code, report, said := f.push(ctx, t)
			f.proxy.Set(nil)
			f.check(t, code, report, said)
			if code != exitInterrupted && code != exitOK {
				t.Errorf("exit code %d: %s", code, said)
			}
			done = ctx.Err() == nil
			f.again(t)
		})
	}
}

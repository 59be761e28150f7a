//go:build interop

package localsm_test

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"hci/internal/testing/interop"
	"hci/sync/localsm"
)

// caller runs one operation and returns what was answered, or "Code: message".
type caller func(t *testing.T, operation string, arguments map[string]any) (out any, fault string)

const account = "123456789012"

func serveForInterop(t *testing.T) (*localsm.Server, []string) {
	t.Helper()
	s := localsm.New(localsm.Options{Region: "eu-central-1", AccountID: account})
	web := httptest.NewServer(s)
	t.Cleanup(web.Close)
	id, key, _ := s.Credentials()
	return s, environ(t, web.URL, id, key)
}

// environ is this process's environment without anything of AWS, and with
// what "hci secrets serve" exports.
func environ(t *testing.T, url, id, key string) []string {
	t.Helper()
	kept := slices.DeleteFunc(os.Environ(), func(kv string) bool {
		return strings.HasPrefix(kv, "AWS_") || strings.HasPrefix(kv, "HOME=")
	})
	return append(kept, "HOME="+t.TempDir(), "AWS_CONFIG_FILE="+os.DevNull, "AWS_SHARED_CREDENTIALS_FILE="+os.DevNull,
		"AWS_EC2_METADATA_DISABLED=true", "AWS_PAGER=", "AWS_REGION=eu-central-1", "AWS_DEFAULT_REGION=eu-central-1",
		"AWS_ENDPOINT_URL="+url, "AWS_ACCESS_KEY_ID="+id, "AWS_SECRET_ACCESS_KEY="+key)
}

func TestInteropAWSCLI(t *testing.T) {
	aws := interop.Need(t, "aws")
	_, env := serveForInterop(t)
	run(t, func(t *testing.T, operation string, arguments map[string]any) (any, string) {
		cmd := exec.Command(aws, append([]string{"secretsmanager", kebab(operation), "--output", "json"}, flags(t, arguments)...)...)
		cmd.Env = env
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		out, err := cmd.Output()
		if err != nil {
			m := regexp.MustCompile(`An error occurred \((\w+)\) when calling the (\w+) operation: (.*)`).FindStringSubmatch(stderr.String())
			if m == nil || m[2] != operation {
				t.Fatalf("%v: %s", err, stderr.String())
			}
			return nil, m[1] + ": " + m[3]
		}
		if len(bytes.TrimSpace(out)) == 0 {
			return map[string]any{}, ""
		}
		var answer any
		if err := json.Unmarshal(out, &answer); err != nil {
			t.Fatalf("%v in %q", err, out)
		}
		return answer, ""
	})
}

var capital = regexp.MustCompile(`[A-Z][a-z]+`)

// kebab is the CLI's spelling of a name.
func kebab(name string) string {
	return strings.ToLower(strings.TrimPrefix(capital.ReplaceAllString(name, "-$0"), "-"))
}

// flags are the CLI's options for an operation's arguments.
func flags(t *testing.T, arguments map[string]any) []string {
	t.Helper()
	var list []string
	for _, name := range slices.Sorted(mapKeys(arguments)) {
		flag := "--" + kebab(name)
		switch v := arguments[name].(type) {
		case bool:
			if !v {
				flag = "--no-" + flag[2:]
			}
			list = append(list, flag)
		case string:
			if name == "SecretBinary" {
				raw, err := base64.StdEncoding.DecodeString(v)
				if err != nil {
					t.Fatal(err)
				}
				file := filepath.Join(t.TempDir(), "value")
				if err := os.WriteFile(file, raw, 0o600); err != nil {
					t.Fatal(err)
				}
				v = "fileb://" + file
			}
			list = append(list, flag, v)
		case int:
			list = append(list, flag, fmt.Sprint(v))
		default:
			text, err := json.Marshal(v)
			if err != nil {
				t.Fatal(err)
			}
			list = append(list, flag, string(text))
		}
	}
	return list
}

func mapKeys(m map[string]any) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

func TestInteropBoto3(t *testing.T) {
	_, env := serveForInterop(t)
	run(t, boto3(t, env))
}

// boto3 starts a Python process that calls the operations it is told.
func boto3(t *testing.T, env []string) caller {
	t.Helper()
	python := interop.Need(t, "python3")
	if err := exec.Command(python, "-c", "import boto3").Run(); err != nil {
		interop.Missing(t, "boto3", "python3 can't import it")
	}
	cmd := exec.Command(python, "testdata/boto3_steps.py")
	cmd.Env, cmd.Stderr = env, os.Stderr
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
	t.Cleanup(func() {
		_ = in.Close()
		if err := cmd.Wait(); err != nil {
			t.Errorf("boto3: %v", err)
		}
	})
	lines := bufio.NewReader(out)
	return func(t *testing.T, operation string, arguments map[string]any) (any, string) {
		if err := json.NewEncoder(in).Encode([]any{operation, arguments}); err != nil {
			t.Fatal(err)
		}
		line, err := lines.ReadBytes('\n')
		if err != nil {
			t.Fatal(err)
		}
		var answer struct {
			Out          any
			Error, Class string
		}
		if err := json.Unmarshal(line, &answer); err != nil {
			t.Fatal(err)
		}
		code, _, _ := strings.Cut(answer.Error, ":")
		if modelled := slices.Contains(boto3Classes, code); answer.Error != "" && answer.Class != "ClientError" != modelled || modelled && answer.Class != code {
			t.Errorf("%s was raised as %s", code, answer.Class)
		}
		return answer.Out, answer.Error
	}
}

// boto3Classes are the service's exceptions that boto3 has classes for.
var boto3Classes = []string{
	"ResourceNotFoundException", "ResourceExistsException", "InvalidParameterException", "InvalidRequestException",
	"InvalidNextTokenException", "LimitExceededException",
}

// run calls the steps in order and compares the answers.
func run(t *testing.T, call caller) {
	var token string
	for i, s := range steps(t) {
		t.Run(fmt.Sprintf("%02d %s", i, s.operation), func(t *testing.T) {
			arguments := make(map[string]any)
			for k, v := range s.arguments {
				if v == "(token)" {
					v = token
				}
				arguments[k] = v
			}
			out, fault := call(t, s.operation, arguments)
			if m, ok := out.(map[string]any); ok && m["NextToken"] != nil && m["NextToken"] != "" {
				token = m["NextToken"].(string)
			}
			if strings.Contains(fault, "already in use for a version of secret") { // it names the ARN, whose suffix is random
				fault = "ResourceExistsException: (in use)"
			}
			got := "! " + fault
			if fault == "" {
				text, _ := json.Marshal(normal(out))
				got = string(text)
			}
			if !reflect.DeepEqual(decoded(got), decoded(s.want)) {
				t.Errorf("answer\n%s\nwant\n%s", got, s.want)
			}
		})
	}
}

// decoded is a JSON text's value, or the text if it isn't JSON.
func decoded(text string) any {
	var v any
	if json.Unmarshal([]byte(text), &v) != nil {
		return text
	}
	return v
}

var (
	arnSuffix = regexp.MustCompile(`^(arn:aws:secretsmanager:eu-central-1:` + account + `:secret:.*)-[A-Za-z0-9]{6}$`)
	isoTime   = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?([+-]\d\d:\d\d|Z)$`)
)

// normal replaces what differs from run to run: times, the ends of ARNs,
// tokens and passwords.
func normal(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for k, x := range v {
			switch s, _ := x.(string); {
			case strings.HasSuffix(k, "Date") && isTime(x):
				v[k] = "(time)"
			case k == "NextToken" && s != "":
				v[k] = "(token)"
			case k == "RandomPassword":
				v[k] = fmt.Sprintf("(%d characters)", len(s))
			default:
				v[k] = normal(x)
			}
		}
	case []any:
		for i := range v {
			v[i] = normal(v[i])
		}
	case string:
		return arnSuffix.ReplaceAllString(v, "$1-(suffix)")
	}
	return v
}

// isTime accepts a time of this day or the coming month, as the CLI prints it
// (seconds in its first version, ISO 8601 in its second) or boto3.
func isTime(v any) bool {
	switch v := v.(type) {
	case float64:
		return v > float64(time.Now().Add(-25*time.Hour).Unix()) && v < float64(time.Now().AddDate(0, 0, 32).Unix())
	case string:
		return isoTime.MatchString(v)
	}
	return false
}

// step is one call and its answer: JSON, or "! Code: message".
type step struct {
	operation string
	arguments map[string]any
	want      string
}

// steps reads testdata/steps.txt: blocks of an operation with its arguments as
// JSON and the answer, with comments after #.
func steps(t *testing.T) []step {
	t.Helper()
	src, err := os.ReadFile("testdata/steps.txt")
	if err != nil {
		t.Fatal(err)
	}
	var list []step
	for block := range strings.SplitSeq(string(src), "\n\n") {
		var s step
		for line := range strings.Lines(block) {
			line = strings.TrimSpace(line)
			switch {
			case line == "" || strings.HasPrefix(line, "#"):
			case s.operation == "":
				var arguments string
				s.operation, arguments, _ = strings.Cut(line, " ")
				if err := json.Unmarshal([]byte(arguments), &s.arguments); err != nil {
					t.Fatalf("%s: %v", line, err)
				}
			default:
				s.want += line
			}
		}
		if s.operation != "" {
			list = append(list, s)
		}
	}
	if len(list) < 40 {
		t.Fatalf("%d steps only", len(list))
	}
	return list
}

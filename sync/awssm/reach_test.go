package awssm_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hci/sync/awssm"
)

// TestWhyNotReached: each way in which AWS is not reached or used is one line and
// what to do, without the SDK's own words.
func TestWhyNotReached(t *testing.T) {
	dir := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	page := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = io.WriteString(w, "<html>s3cr3t</html>")
	}))
	defer page.Close()
	private := httptest.NewUnstartedServer(http.NotFoundHandler())
	private.Config.ErrorLog = nil
	private.StartTLS()
	defer private.Close()
	keys := map[string]string{"AWS_ACCESS_KEY_ID": "AKIA", "AWS_SECRET_ACCESS_KEY": "s3cr3t"}
	sso := file("sso", "[profile team]\nsso_session = s\nsso_account_id = 123456789012\nsso_role_name = r\nregion = eu-central-1\n[sso-session s]\nsso_start_url = https://example.invalid/start\nsso_region = eu-central-1\nsso_registration_scopes = sso:account:access\n")
	process := file("process", "[profile p]\ncredential_process = sh -c 'echo s3cr3t; exit 3'\n")
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := closed.Addr().String()
	_ = closed.Close()
	for _, c := range []struct {
		name       string
		env        map[string]string
		says, next string
	}{
		{"no identity at all", nil, "no usable AWS credentials: nothing names any: neither the environment, the AWS configuration nor the machine", "'aws configure sso' makes a profile"},
		{"no profile", map[string]string{"AWS_PROFILE": "nobody"}, `no usable AWS credentials: there is no profile "nobody" in the AWS configuration`, "'aws configure sso --profile nobody'"},
		{"SSO", map[string]string{"AWS_CONFIG_FILE": sso, "AWS_PROFILE": "team", "HOME": dir}, `no usable AWS credentials: the SSO session of profile "team" has expired, or there is none yet`, "'aws sso login --profile team'"},
		{"credential_process", map[string]string{"AWS_CONFIG_FILE": process, "AWS_PROFILE": "p"}, `no usable AWS credentials: the credential_process of profile "p" failed`, "run that command by itself"},
		{"no CA bundle", with(keys, "AWS_CA_BUNDLE", filepath.Join(dir, "none.pem")), "AWS_CA_BUNDLE names " + filepath.Join(dir, "none.pem") + ", which can't be read", "set AWS_CA_BUNDLE"},
		{"a bundle of nothing", with(keys, "AWS_CA_BUNDLE", file("empty.pem", "no certificate")), "AWS_CA_BUNDLE names " + filepath.Join(dir, "empty.pem") + ", which holds no certificates", "set AWS_CA_BUNDLE"},
		{"a private CA", with(keys, "AWS_ENDPOINT_URL_SECRETS_MANAGER", private.URL), "nothing here vouches for the certificate of ", "set AWS_CA_BUNDLE to the file with your company's certificates"},
		{"no network", with(keys, "AWS_ENDPOINT_URL_SECRETS_MANAGER", "http://"+address), address + " can't be reached", "check the network"},
		{"a page", with(keys, "AWS_ENDPOINT_URL_SECRETS_MANAGER", page.URL), "something between here and AWS answered in its place", "sign in to the network"},
		{"no region", with(keys, "AWS_REGION", ""), "no AWS region", "write region = "},
	} {
		t.Run(c.name, func(t *testing.T) {
			for name, value := range map[string]string{
				"AWS_REGION": "eu-central-1", "AWS_DEFAULT_REGION": "", "AWS_PROFILE": "", "AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "", "AWS_SESSION_TOKEN": "",
				"AWS_CONFIG_FILE": os.DevNull, "AWS_SHARED_CREDENTIALS_FILE": os.DevNull, "AWS_EC2_METADATA_DISABLED": "true", "AWS_CA_BUNDLE": "",
				"AWS_ENDPOINT_URL_SECRETS_MANAGER": "", "AWS_MAX_ATTEMPTS": "1",
			} {
				t.Setenv(name, value)
			}
			for name, value := range c.env {
				t.Setenv(name, value)
			}
			t.Cleanup(awssm.UseOneAttempt())
			st, err := awssm.Open(context.Background(), awssm.Options{})
			if err == nil {
				_, err = st.Read(context.Background(), []string{"x"})
			}
			var n interface{ Next() string }
			if err == nil || !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), "\n") || strings.Contains(err.Error(), "s3cr3t") {
				t.Fatalf("%v, want %s", err, c.says)
			}
			if strings.HasPrefix(c.says, "no usable") != errors.Is(err, awssm.ErrCredentials) || strings.Contains(err.Error(), "operation error") {
				t.Errorf("%v", err)
			}
			if !errors.As(err, &n) || !strings.Contains(n.Next(), c.next) {
				t.Errorf("next: %v", n)
			}
		})
	}
}

func with(m map[string]string, name, value string) map[string]string {
	out := map[string]string{name: value}
	for k, v := range m {
		out[k] = v
	}
	return out
}

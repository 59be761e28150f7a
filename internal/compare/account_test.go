package compare_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"hci/internal/compare"
	"hci/sync"
	"hci/sync/secret"
)

// sts answers whose credentials a request is signed with: an access key's last
// digit, or the digit of the role that was assumed, is that of the account.
func sts(t *testing.T, asked *atomic.Int32) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_ = r.ParseForm()
		_, key, _ := strings.Cut(r.Header.Get("Authorization"), "Credential=")
		key, _, _ = strings.Cut(key, "/")
		if r.Form.Get("Action") == "AssumeRole" {
			role := r.Form.Get("RoleArn")
			if r.Form.Get("ExternalId") != "x" {
				w.WriteHeader(http.StatusForbidden)
				fmt.Fprint(w, `<ErrorResponse><Error><Code>AccessDenied</Code><Message>no</Message></Error></ErrorResponse>`)
				return
			}
			digit := strings.Split(role, ":")[4][:1]
			fmt.Fprintf(w, `<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><Credentials><AccessKeyId>%s</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken><Expiration>2999-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>`, key+digit)
			return
		}
		asked.Add(1)
		account := strings.Repeat(key[len(key)-1:], 12)
		fmt.Fprintf(w, `<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult><Arn>arn:aws:iam::%[1]s:user/u</Arn><UserId>U</UserId><Account>%[1]s</Account></GetCallerIdentityResult></GetCallerIdentityResponse>`, account)
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// TestAccount: the account is asked for before anything is read, once for each
// identity, and the wrong one is refused.
func TestAccount(t *testing.T) {
	for name, value := range map[string]string{
		"AWS_ACCESS_KEY_ID": "AKIA1", "AWS_SECRET_ACCESS_KEY": "s", "AWS_SESSION_TOKEN": "", "AWS_PROFILE": "", "AWS_EC2_METADATA_DISABLED": "true",
		"AWS_CONFIG_FILE": "/nowhere", "AWS_SHARED_CREDENTIALS_FILE": "/nowhere", "AWS_ENDPOINT_URL": "", "AWS_ENDPOINT_URL_SECRETS_MANAGER": "", "AWS_REGION": "",
	} {
		t.Setenv(name, value)
	}
	role := func(arn, external string) string {
		return fmt.Sprintf("assume_role {\n role_arn = %q\n external_id = %q\n }\n", arn, external)
	}
	for _, c := range []struct {
		name, provider, more, where, err string
		asked                            int32
	}{
		{"whose credentials", "", "", "account 111111111111, us-west-2", "", 1},
		{"asked once for two regions", "", in("b", "s", "  region = \"us-east-1\"\n"), "account 111111111111, us-west-2 and account 111111111111, us-east-1", "", 1},
		{"allowed", "allowed_account_ids = [\"111111111111\"]", "", "account 111111111111, us-west-2", "", 1},
		{"not allowed", "allowed_account_ids = [\"999999999999\"]", "", "", "the credentials are those of account 111111111111, and provider aws allows 999999999999 only (allowed_account_ids); nothing was read", 1},
		{"forbidden", "forbidden_account_ids = [\"111111111111\"]", "", "", "account 111111111111, which provider aws forbids", 1},
		{"another is forbidden", "forbidden_account_ids = [\"222222222222\"]", "", "account 111111111111, us-west-2", "", 1},
		{"a role", role("arn:aws:iam::222222222222:role/deployer", "x"), "", "account 222222222222, us-west-2", "", 1},
		{"roles, one after the other", role("arn:aws:iam::222222222222:role/a", "x") + role("arn:aws:iam::333333333333:role/b", "x"), "", "account 333333333333, us-west-2", "", 1},
		{"a role that can't be assumed", role("arn:aws:iam::222222222222:role/deployer", "y"), "", "", "role arn:aws:iam::222222222222:role/deployer can't be assumed", 0},
		{"the role's account is not allowed", "allowed_account_ids = [\"111111111111\"]\n" + role("arn:aws:iam::222222222222:role/deployer", "x"), "", "", "those of account 222222222222", 1},
		{"static keys", "access_key = \"AKIA4\"\nsecret_key = \"s\"", "", "account 444444444444, us-west-2", "", 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			var asked, read atomic.Int32
			store := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				read.Add(1)
				w.WriteHeader(http.StatusBadRequest)
				fmt.Fprint(w, `{"__type":"ResourceNotFoundException"}`)
			}))
			defer store.Close()
			code := fmt.Sprintf("provider \"aws\" {\n  region = \"us-west-2\"\n  endpoints {\n    sts = %q\n    secretsmanager = %q\n  }\n%s\n}\n", sts(t, &asked), store.URL, c.provider)
			w := newWorld()
			p := write(t, t.TempDir(), map[string]string{"hci.hcl": oneEnvironment, "main.tf": code + in("a", "s", "") + c.more, "app_secrets.tfvars": "x = 1\n"})
			d, err := w.desired(t, p, "app")
			if err != nil {
				t.Fatal(err)
			}
			session := w.session(p)
			session.Config = nil
			err = session.Connect(context.Background(), d)
			if (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) {
				t.Fatalf("%v", err)
			}
			if read.Load() != 0 {
				t.Error("something was read before the account was known")
			}
			if err == nil && d.Where() != c.where {
				t.Errorf("in %s", d.Where())
			}
			if asked.Load() != c.asked {
				t.Errorf("asked %d times", asked.Load())
			}
		})
	}
}

// TestAccountOfARN: what an ARN of another account names is never read from
// one's own; other secrets are.
func TestAccountOfARN(t *testing.T) {
	for name, value := range map[string]string{
		"AWS_ACCESS_KEY_ID": "AKIA1", "AWS_SECRET_ACCESS_KEY": "s", "AWS_SESSION_TOKEN": "", "AWS_PROFILE": "", "AWS_EC2_METADATA_DISABLED": "true",
		"AWS_CONFIG_FILE": "/nowhere", "AWS_SHARED_CREDENTIALS_FILE": "/nowhere", "AWS_ENDPOINT_URL": "", "AWS_ENDPOINT_URL_SECRETS_MANAGER": "", "AWS_REGION": "",
	} {
		t.Setenv(name, value)
	}
	var asked atomic.Int32
	const version = "resource \"aws_secretsmanager_secret_version\" \"v\" {\n  secret_id = \"arn:aws:secretsmanager:us-west-2:%s:secret:other/app-AbCdEf\"\n  secret_string = \"s\"\n}\n"
	for account, refused := range map[string]bool{"210987654321": true, "111111111111": false} {
		code := fmt.Sprintf("provider \"aws\" {\n  region = \"us-west-2\"\n  endpoints { sts = %q }\n}\n", sts(t, &asked)) + in("a", "s", "") + fmt.Sprintf(version, account)
		w := newWorld()
		p := write(t, t.TempDir(), map[string]string{"hci.hcl": oneEnvironment, "main.tf": code, "app_secrets.tfvars": "x = 1\n"})
		d, err := w.desired(t, p, "app")
		if err != nil {
			t.Fatal(err)
		}
		session := w.session(p)
		session.Config = nil
		if err := session.Connect(t.Context(), d); err != nil {
			t.Fatal(err)
		}
		for _, want := range d.Wants {
			_, writeErr := d.StoreAt(want.Place).Write(canceled(t), want.Name, sync.Content{Value: secret.New("x")}, sync.Held{})
			var account *compare.AccountError
			if want.Name == "other/app" && refused != errors.As(writeErr, &account) {
				t.Errorf("%v", writeErr)
			}
			if want.Name == "s" && d.At(want.Place) == nil {
				t.Error("the other secret is kept back")
			}
		}
	}
}

func canceled(t *testing.T) context.Context {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	return ctx
}

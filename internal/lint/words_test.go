package lint

import (
	"slices"
	"testing"
)

func TestMeaningful(t *testing.T) {
	for _, c := range []struct {
		name, value string
		sensitive   bool
		want        bool
	}{
		{"db_password", "s3cr3t-1", true, true},
		{"db_password", "correct-horse", true, true},
		{"db_password", "short", true, false},
		{"db_password", "12345678", true, false},
		{"db_password", "db_password", true, false},
		{"stripe_api_key", "sk_live_0000", false, true}, // by its name
		{"environment", "production", true, false},
		{"region", "eu-central-1", true, false},
		{"zone", "us-gov-east-1a", true, false},
		{"host", "db.example.org:5432", true, false},
		{"mail", "somebody@example.org", true, false},
		{"site", "https://www.example.org/app", true, false},
		{"queue_url", "redis://cache.internal:6379/0", true, false},
		{"dsn", "postgres://app:s3cr3t@db.example.org/app", true, true},
		{"bucket_arn", "arn:aws:s3:::some-bucket", true, false},
		{"path", "/var/lib/app", true, false},
		{"since", "2026-01-31 10:00", true, false},
		{"bucket", "some-company-media-production", false, false},
		{"mailer", "a8f5f167f44f4964e6c998dee827110c", false, true},
		{"jwt", "eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0.Abc", true, true},
	} {
		if got := Meaningful(c.name, c.value, c.sensitive); got != c.want {
			t.Errorf("%s %q, sensitive %v: %v, want %v", c.name, c.value, c.sensitive, got, c.want)
		}
	}
}

func TestSecretName(t *testing.T) {
	for _, name := range []string{"password", "db_password", "DB_PASSWORD", "SMTP_PASS", "pwd", "client-secret", "STRIPE_API_KEY", "apiKey", "auth_token", "password2", "AWS_SECRET_ACCESS_KEY"} {
		if !SecretName(name) {
			t.Errorf("%s is the name of a secret", name)
		}
	}
	for _, name := range []string{"compass", "bypass", "password_length", "secret_id", "secret_arn", "token_ttl", "http_tokens", "key", "kms_key_id", "tokens"} {
		if SecretName(name) {
			t.Errorf("%s is no name of a secret", name)
		}
	}
}

func TestStems(t *testing.T) {
	for _, c := range []struct {
		name, workspace string
		want            []string
	}{
		{"quill_secret_key_staging", "staging", []string{"quill_secret_key_staging", "quill_secret_key", "quill_secret_key_staging"}},
		{"prod/app/db_password", "prod", []string{"prod/app/db_password", "app/db_password", "db_password"}},
		{"db", "", []string{"db", "db"}},
		{"staging/db", "staging", []string{"staging/db"}},
	} {
		if got := stems(c.name, c.workspace); !slices.Equal(got, c.want) {
			t.Errorf("%s in %s: %q, want %q", c.name, c.workspace, got, c.want)
		}
	}
}

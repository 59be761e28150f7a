package iam_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/credentials"

	"hci/internal/aws/client"
	"hci/internal/aws/iam"
)

// The answer is AWS's own example.
// https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListAccountAliases.html
func TestAlias(t *testing.T) {
	for name, c := range map[string]struct {
		status       int
		answer, want string
	}{
		"one":              {200, `<ListAccountAliasesResponse><ListAccountAliasesResult><IsTruncated>false</IsTruncated><AccountAliases><member>foocorporation</member></AccountAliases></ListAccountAliasesResult></ListAccountAliasesResponse>`, "foocorporation"},
		"none":             {200, `<ListAccountAliasesResponse><ListAccountAliasesResult><AccountAliases/></ListAccountAliasesResult></ListAccountAliasesResponse>`, ""},
		"no alias":         {200, "<ListAccountAliasesResponse><ListAccountAliasesResult><AccountAliases><member>a&#10;b</member></AccountAliases></ListAccountAliasesResult></ListAccountAliasesResponse>", ""},
		"may not ask":      {403, `<ErrorResponse><Error><Code>AccessDenied</Code></Error></ErrorResponse>`, ""},
		"not IAM":          {200, "<html>", ""},
		"a failing server": {500, "", ""},
	} {
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.FormValue("Action") != "ListAccountAliases" {
				t.Errorf("asked for %q", r.FormValue("Action"))
			}
			w.WriteHeader(c.status)
			_, _ = w.Write([]byte(c.answer))
		}))
		cfg := client.Config{Region: "eu-north-1", BaseEndpoint: &srv.URL, Credentials: credentials.NewStaticCredentialsProvider("AKID", "fake", "")}
		if got := iam.Alias(t.Context(), cfg); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
		srv.Close()
	}
}

// Nobody waits long for an alias, and nobody asks AWS while another service is
// somebody else's.
func TestAliasIsNotWaitedFor(t *testing.T) {
	held := make(chan struct{})
	var asked atomic.Bool
	srv := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked.Store(true); <-held }))
	defer srv.Close()
	defer close(held)
	cfg := client.Config{Region: "eu-north-1", BaseEndpoint: &srv.URL, Credentials: credentials.NewStaticCredentialsProvider("AKID", "fake", "")}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if got := iam.Alias(ctx, cfg); got != "" || !asked.Load() {
		t.Errorf("%q, asked %v", got, asked.Load())
	}
	cfg.BaseEndpoint = nil
	t.Setenv("AWS_ENDPOINT_URL_SECRETS_MANAGER", srv.URL)
	if got := iam.Alias(t.Context(), cfg); got != "" {
		t.Error(got)
	}
}

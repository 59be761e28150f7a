package sigv4_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"hci/sync/localsm/internal/sigv4"
)

const body = `{"SecretId":"s"}`

var now = time.Date(2026, 11, 24, 8, 17, 5, 0, time.UTC)

func verifier() *sigv4.Verifier {
	return &sigv4.Verifier{Region: "eu-central-1", Service: "secretsmanager", AccessKeyID: "AKIDEXAMPLE", SecretAccessKey: "wJalrXUtnFEMI/K7MDENG"}
}

// terms is what a request is signed with; the zero value of each is right.
type terms struct {
	id, key, token, service, region string
	at                              time.Time
	headers                         map[string]string
}

// request makes one that the SDK's own signer has signed.
func request(t *testing.T, o terms) *http.Request {
	t.Helper()
	or := func(s, def string) string {
		if s == "" {
			return def
		}
		return s
	}
	if o.at.IsZero() {
		o.at = now
	}
	r := httptest.NewRequest(http.MethodPost, "http://localhost:4566/", strings.NewReader(body))
	r.Header.Set("Content-Type", "application/x-amz-json-1.1")
	r.Header.Set("X-Amz-Target", "secretsmanager.GetSecretValue")
	for k, v := range o.headers {
		r.Header.Set(k, v)
	}
	sum := sha256.Sum256([]byte(body))
	cred := aws.Credentials{AccessKeyID: or(o.id, "AKIDEXAMPLE"), SecretAccessKey: or(o.key, "wJalrXUtnFEMI/K7MDENG"), SessionToken: o.token}
	err := v4.NewSigner().SignHTTP(context.Background(), cred, r, hex.EncodeToString(sum[:]), or(o.service, "secretsmanager"), or(o.region, "eu-central-1"), o.at)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestAccepted(t *testing.T) {
	for name, o := range map[string]terms{
		"plain":                  {},
		"five minutes old":       {at: now.Add(-5 * time.Minute)},
		"five minutes ahead":     {at: now.Add(5 * time.Minute)},
		"blanks in a header":     {headers: map[string]string{"X-Amz-Note": "  a   b  "}},
		"payload hash as header": {headers: map[string]string{"X-Amz-Content-Sha256": hashOf(body)}},
	} {
		if err := verifier().Verify(request(t, o), []byte(body), now); err != nil {
			t.Errorf("%s: %s: %s", name, err.Code, err.Message)
		}
	}
	v := verifier()
	v.SessionToken = "t0ken"
	if err := v.Verify(request(t, terms{token: "t0ken"}), []byte(body), now); err != nil {
		t.Errorf("session token: %s: %s", err.Code, err.Message)
	}
	v = verifier()
	v.Region = ""
	if err := v.Verify(request(t, terms{region: "eu-north-1"}), []byte(body), now); err != nil {
		t.Errorf("any region: %s: %s", err.Code, err.Message)
	}
	r := request(t, terms{})
	r.Header.Set("User-Agent", "changed on the way, and not signed")
	r.Header.Add("Accept", "*/*")
	if err := verifier().Verify(r, []byte(body), now); err != nil {
		t.Errorf("unsigned headers: %s: %s", err.Code, err.Message)
	}
}

func hashOf(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:])
}

const knownAuthorization = "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20261124/eu-central-1/secretsmanager/aws4_request, SignedHeaders=content-type;host;x-amz-date;x-amz-target, " +
	"Signature=f0ee1ed295d19e6f7c15bf57a62dbb3bbd335e725505a88eae7d16cbc6ad091b"

// The signature of a request that was made with the Python SDK (botocore
// 1.43), not by the code that the other tests sign with.
func TestKnownSignature(t *testing.T) {
	r := httptest.NewRequest(http.MethodPost, "http://127.0.0.1:4566/", strings.NewReader(body))
	r.Header.Set("Content-Type", "application/x-amz-json-1.1")
	r.Header.Set("X-Amz-Target", "secretsmanager.GetSecretValue")
	r.Header.Set("X-Amz-Date", "20261124T081705Z")
	r.Header.Set("Authorization", knownAuthorization)
	if err := verifier().Verify(r, []byte(body), now); err != nil {
		t.Errorf("%s: %s", err.Code, err.Message)
	}
}

const mismatch = "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details."

func TestRefused(t *testing.T) {
	header := func(name, value string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set(name, value) }
	}
	edit := func(old, new string) func(*http.Request) {
		return func(r *http.Request) {
			was := r.Header.Get("Authorization")
			now := strings.Replace(was, old, new, 1)
			if now == was {
				panic("nothing to edit")
			}
			r.Header.Set("Authorization", now)
		}
	}
	tests := []struct {
		name          string
		terms         terms
		spoil         func(*http.Request)
		code, message string
	}{
		{"no header", terms{}, func(r *http.Request) { r.Header.Del("Authorization") }, sigv4.MissingAuthenticationToken, "Missing Authentication Token"},
		{"empty header", terms{}, header("Authorization", ""), sigv4.MissingAuthenticationToken, "Missing Authentication Token"},
		{"basic", terms{}, header("Authorization", "Basic dTpw"), sigv4.MissingAuthenticationToken, "Missing Authentication Token"},
		{"two headers", terms{}, func(r *http.Request) { r.Header.Add("Authorization", r.Header.Get("Authorization")) }, sigv4.IncompleteSignature, ""},
		{"other algorithm", terms{}, edit("AWS4-HMAC-SHA256", "AWS4-HMAC-SHA1"), sigv4.IncompleteSignature, ""},
		{"algorithm only", terms{}, header("Authorization", "AWS4-HMAC-SHA256"), sigv4.IncompleteSignature, "'' not a valid key=value pair (missing equal-sign) in Authorization header."},
		{"no equal sign", terms{}, header("Authorization", "AWS4-HMAC-SHA256 Credential"), sigv4.IncompleteSignature, "'Credential' not a valid key=value pair (missing equal-sign) in Authorization header."},
		{"a part twice", terms{}, edit("Signature=", "Signature=0, Signature="), sigv4.IncompleteSignature, ""},
		{"two parts missing", terms{}, header("Authorization", "AWS4-HMAC-SHA256 Credential=a/b/c/d/e"), sigv4.IncompleteSignature, "Authorization header requires 'Signature' parameter. Authorization header requires 'SignedHeaders' parameter."},
		{"short credential", terms{}, edit("/aws4_request", ""), sigv4.IncompleteSignature, "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got 'AKIDEXAMPLE/20261124/eu-central-1/secretsmanager'"},
		{"no date", terms{}, func(r *http.Request) { r.Header.Del("X-Amz-Date") }, sigv4.IncompleteSignature, "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header."},
		{"bad date", terms{}, header("X-Amz-Date", "2026-11-24"), sigv4.IncompleteSignature, "Date must be in ISO-8601 'basic format'. Got '2026-11-24'. See http://en.wikipedia.org/wiki/ISO_8601"},

		{"unknown key", terms{id: "AKIDOTHER"}, nil, sigv4.UnrecognizedClient, "The security token included in the request is invalid."},
		{"session token that nobody gave", terms{token: "t"}, nil, sigv4.UnrecognizedClient, "The security token included in the request is invalid."},
		{"wrong secret", terms{key: "other"}, nil, sigv4.InvalidSignature, mismatch},
		{"wrong region", terms{region: "us-east-1"}, nil, sigv4.InvalidSignature, "Credential should be scoped to a valid region, not 'us-east-1'."},
		{"wrong service", terms{service: "ecs"}, nil, sigv4.InvalidSignature, "Credential should be scoped to correct service: 'secretsmanager'."},
		{"wrong terminator", terms{}, edit("aws4_request", "aws5_request"), sigv4.InvalidSignature, "Credential should be scoped with a valid terminator: 'aws4_request', not 'aws5_request'."},
		{"scope of another day", terms{}, edit("20261124", "20261123"), sigv4.InvalidSignature, "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '20261123' != '20261124', from '20261124T081705Z'."},
		{"too old", terms{at: now.Add(-5*time.Minute - time.Second)}, nil, sigv4.InvalidSignature, "Signature expired: 20261124T081204Z is now earlier than 20261124T081205Z (20261124T081705Z - 5 min.)"},
		{"too new", terms{at: now.Add(5*time.Minute + time.Second)}, nil, sigv4.InvalidSignature, "Signature not yet current: 20261124T082206Z is still later than 20261124T082205Z (20261124T081705Z + 5 min.)"},

		{"fresh date on an old signature", terms{at: now.Add(-time.Minute)}, header("X-Amz-Date", "20261124T081705Z"), sigv4.InvalidSignature, mismatch},
		{"signature cut", terms{}, func(r *http.Request) { a := r.Header.Get("Authorization"); r.Header.Set("Authorization", a[:len(a)-1]) }, sigv4.InvalidSignature, mismatch},
		{"signature empty", terms{}, func(r *http.Request) {
			a, _, _ := strings.Cut(r.Header.Get("Authorization"), "Signature=")
			r.Header.Set("Authorization", a+"Signature=")
		}, sigv4.IncompleteSignature, "Authorization header requires 'Signature' parameter."},
		{"signature in capitals", terms{}, func(r *http.Request) {
			a, b, _ := strings.Cut(r.Header.Get("Authorization"), "Signature=")
			r.Header.Set("Authorization", a+"Signature="+strings.ToUpper(b))
		}, sigv4.InvalidSignature, mismatch},
		{"another target", terms{}, header("X-Amz-Target", "secretsmanager.DeleteSecret"), sigv4.InvalidSignature, mismatch},
		{"a signed header gone", terms{}, func(r *http.Request) { r.Header.Del("Content-Type") }, sigv4.InvalidSignature, mismatch},
		{"a signed header twice", terms{}, func(r *http.Request) { r.Header.Add("X-Amz-Target", "x") }, sigv4.InvalidSignature, mismatch},
		{"another host", terms{}, func(r *http.Request) { r.Host = "localhost:4567" }, sigv4.InvalidSignature, mismatch},
		{"another method", terms{}, func(r *http.Request) { r.Method = http.MethodPut }, sigv4.InvalidSignature, mismatch},
		{"another length", terms{}, func(r *http.Request) { r.ContentLength++ }, sigv4.InvalidSignature, mismatch},
		{"payload not the body's", terms{headers: map[string]string{"X-Amz-Content-Sha256": "UNSIGNED-PAYLOAD"}}, func(r *http.Request) { r.Header.Set("X-Amz-Content-Sha256", hashOf(body)) }, sigv4.InvalidSignature, mismatch},
		{"host not signed", terms{}, edit("host;", ""), sigv4.InvalidSignature, "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization."},
		{"date not signed", terms{}, edit("x-amz-date;", ""), sigv4.InvalidSignature, "'X-Amz-Date' must be a 'SignedHeader' in the AWS Authorization."},
		{"target not signed", terms{}, edit(";x-amz-target", ""), sigv4.InvalidSignature, "'X-Amz-Target' must be a 'SignedHeader' in the AWS Authorization."},
		{"an Amazon header put in", terms{}, header("X-Amz-Extra", "1"), sigv4.InvalidSignature, "'X-Amz-Extra' must be a 'SignedHeader' in the AWS Authorization."},
		{"headers in another order", terms{}, edit("host;x-amz-date", "x-amz-date;host"), sigv4.InvalidSignature, mismatch},
		{"a header listed twice", terms{}, edit("host;", "host;host;"), sigv4.InvalidSignature, mismatch},
		{"headers in capitals", terms{}, edit("host;", "Host;"), sigv4.InvalidSignature, mismatch},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := request(t, tt.terms)
			if tt.spoil != nil {
				tt.spoil(r)
			}
			err := verifier().Verify(r, []byte(body), now)
			if err == nil {
				t.Fatal("accepted")
			}
			if err.Code != tt.code || tt.message != "" && err.Message != tt.message {
				t.Errorf("%s: %s\nwant %s: %s", err.Code, err.Message, tt.code, tt.message)
			}
		})
	}
	t.Run("another body", func(t *testing.T) {
		if err := verifier().Verify(request(t, terms{}), []byte(body+" "), now); err == nil || err.Code != sigv4.InvalidSignature {
			t.Errorf("%v", err)
		}
	})
}

func TestSession(t *testing.T) {
	v := verifier()
	v.SessionToken, v.SessionExpires = "t0ken", now
	for _, tt := range []struct {
		token string
		at    time.Time
		code  string
	}{
		{"t0ken", now.Add(-time.Second), ""},
		{"t0ken", now, sigv4.ExpiredToken},
		{"other", now, sigv4.UnrecognizedClient},
		{"", now, sigv4.UnrecognizedClient},
	} {
		got := ""
		if err := v.Verify(request(t, terms{token: tt.token, at: tt.at}), []byte(body), tt.at); err != nil {
			got = err.Code
		}
		if got != tt.code {
			t.Errorf("token %q at %s: %q, want %q", tt.token, tt.at.Format(time.TimeOnly), got, tt.code)
		}
	}
}

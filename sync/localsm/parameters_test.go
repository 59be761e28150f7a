package localsm_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"hci/sync/localsm"
)

// ssm sends requests to the Parameter Store of a server, signed for a service.
type ssm struct {
	t      *testing.T
	server *localsm.Server
	signed string
}

// ask returns the answer, or the code of the error.
func (s ssm) ask(operation, body string) (out map[string]any, code string) {
	s.t.Helper()
	r := httptest.NewRequest(http.MethodPost, "http://127.0.0.1/", bytes.NewReader([]byte(body)))
	r.Header.Set("Content-Type", "application/x-amz-json-1.1")
	r.Header.Set("X-Amz-Target", "AmazonSSM."+operation)
	id, key, _ := s.server.Credentials()
	sum := sha256.Sum256([]byte(body))
	if err := v4.NewSigner().SignHTTP(ctx, aws.Credentials{AccessKeyID: id, SecretAccessKey: key}, r, hex.EncodeToString(sum[:]), s.signed, s.server.Region(), time.Now()); err != nil {
		s.t.Fatal(err)
	}
	w := httptest.NewRecorder()
	s.server.ServeHTTP(w, r)
	if err := json.Unmarshal(w.Body.Bytes(), &out); err != nil {
		s.t.Fatal(err)
	}
	code, _ = out["__type"].(string)
	return out, code
}

// TestParameterLimits: what the Parameter Store refuses, and with which error.
func TestParameterLimits(t *testing.T) {
	long := func(n int) string { return strings.Repeat("x", n) }
	put := func(format string, args ...any) string { return fmt.Sprintf(`{"Name": "/new", `+format+`}`, args...) }
	for _, tt := range []struct{ name, operation, body, code string }{
		{"made", "PutParameter", put(`"Value": "v", "Type": "SecureString"`), ""},
		{"without a type", "PutParameter", put(`"Value": "v"`), "ValidationException"},
		{"of another type", "PutParameter", put(`"Value": "v", "Type": "Text"`), "ValidationException"},
		{"empty", "PutParameter", put(`"Value": "", "Type": "String"`), "ValidationException"},
		{"4,096 bytes", "PutParameter", put(`"Value": %q, "Type": "String"`, long(4096)), ""},
		{"4,097 bytes", "PutParameter", put(`"Value": %q, "Type": "String"`, long(4097)), "ValidationException"},
		{"8,192 bytes, Advanced", "PutParameter", put(`"Value": %q, "Type": "String", "Tier": "Advanced"`, long(8192)), ""},
		{"8,193 bytes", "PutParameter", put(`"Value": %q, "Type": "String", "Tier": "Advanced"`, long(8193)), "ValidationException"},
		{"nested", "PutParameter", put(`"Value": "{{ssm:other}}", "Type": "String"`), "ValidationException"},
		{"a key for a String", "PutParameter", put(`"Value": "v", "Type": "String", "KeyId": "alias/k"`), "ValidationException"},
		{"there already", "PutParameter", `{"Name": "/held", "Value": "v", "Type": "SecureString"}`, "ParameterAlreadyExists"},
		{"overwritten", "PutParameter", `{"Name": "/held", "Value": "v", "Overwrite": true}`, ""},
		{"another type", "PutParameter", `{"Name": "/held", "Value": "v", "Overwrite": true, "Type": "String"}`, "HierarchyTypeMismatchException"},
		{"tags with overwrite", "PutParameter", `{"Name": "/held", "Value": "v", "Overwrite": true, "Tags": [{"Key": "a", "Value": "b"}]}`, "ValidationException"},
		{"of AWS's own", "PutParameter", `{"Name": "/AWS/x", "Value": "v", "Type": "String"}`, "ValidationException"},
		{"half a path", "PutParameter", `{"Name": "a/b", "Value": "v", "Type": "String"}`, "ValidationException"},
		{"levels", "PutParameter", fmt.Sprintf(`{"Name": %q, "Value": "v", "Type": "String"}`, strings.Repeat("/x", 16)), "HierarchyLevelLimitExceededException"},
		{"no names", "GetParameters", `{}`, "ValidationException"},
		{"the same name twice", "GetParameters", `{"Names": ["/held", "/held"]}`, "ValidationException"},
		{"another path", "GetParametersByPath", `{"Path": "held"}`, "ValidationException"},
		{"eleven a page", "GetParametersByPath", `{"Path": "/", "MaxResults": 11}`, "ValidationException"},
		{"another token", "DescribeParameters", `{"NextToken": "x"}`, "InvalidNextToken"},
		{"another filter", "DescribeParameters", `{"ParameterFilters": [{"Key": "Colour", "Values": ["red"]}]}`, "InvalidFilterKey"},
		{"missing", "GetParameter", `{"Name": "/none"}`, "ParameterNotFound"},
		{"history of nothing", "GetParameterHistory", `{"Name": "/none"}`, "ParameterNotFound"},
		{"another operation", "SendCommand", `{}`, "UnknownOperationException"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := ssm{t, localsm.New(localsm.Options{}), "ssm"}
			if _, code := s.ask("PutParameter", `{"Name": "/held", "Value": "s3cr3t", "Type": "SecureString"}`); code != "" {
				t.Fatal(code)
			}
			out, code := s.ask(tt.operation, tt.body)
			if code != tt.code {
				t.Errorf("%q, want %q", code, tt.code)
			}
			if text := fmt.Sprint(out); strings.Contains(text, "s3cr3t") || strings.Contains(text, "xxxx") {
				t.Error("the answer holds a value")
			}
		})
	}
}

// TestParameterSignature: a request to the Parameter Store is signed for it, not
// for Secrets Manager.
func TestParameterSignature(t *testing.T) {
	s := ssm{t, localsm.New(localsm.Options{}), "secretsmanager"}
	if _, code := s.ask("GetParameter", `{"Name": "/none"}`); code != "InvalidSignatureException" {
		t.Errorf("%q", code)
	}
}

// TestParameterIsSealed: without WithDecryption nothing is told of a SecureString,
// of its history neither.
func TestParameterIsSealed(t *testing.T) {
	s := ssm{t, localsm.New(localsm.Options{}), "ssm"}
	s.ask("PutParameter", `{"Name": "/p", "Value": "s3cr3t", "Type": "SecureString"}`)
	for operation, body := range map[string]string{
		"GetParameter": `{"Name": "/p"}`, "GetParameters": `{"Names": ["/p"]}`, "GetParametersByPath": `{"Path": "/"}`,
		"GetParameterHistory": `{"Name": "/p"}`, "DescribeParameters": `{}`,
	} {
		if out, code := s.ask(operation, body); code != "" || strings.Contains(fmt.Sprint(out), "s3cr3t") || !strings.Contains(fmt.Sprint(out), "/p") {
			t.Errorf("%s: %q", operation, code)
		}
	}
}

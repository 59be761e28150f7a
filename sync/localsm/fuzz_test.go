package localsm_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"hci/sync/localsm"
	"hci/sync/secret"
)

// seeded is a server with a few secrets, whose values must never appear in an
// error.
func seeded(t testing.TB) *localsm.Server {
	t.Helper()
	s := localsm.New(localsm.Options{})
	for _, name := range []string{"a", "b/c"} {
		if err := s.Put(name, secret.New("s3cr3t"), localsm.Description("some words"), localsm.Tags(map[string]string{"k": "v"})); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.PutEmpty("empty"); err != nil {
		t.Fatal(err)
	}
	return s
}

// checkAnswer requires what every answer must be: JSON with an id, and on
// failure a type and no secret.
func checkAnswer(t *testing.T, w *httptest.ResponseRecorder) {
	t.Helper()
	var body map[string]any
	if err := json.Unmarshal(w.Body.Bytes(), &body); err != nil {
		t.Fatalf("status %d: the answer is not a JSON object", w.Code)
	}
	if w.Header().Get("X-Amzn-Requestid") == "" {
		t.Error("no request id")
	}
	if w.Code == http.StatusOK {
		return
	}
	if w.Code < 400 || w.Code >= 500 || body["__type"] != w.Header().Get("X-Amzn-Errortype") || body["__type"] == "" {
		t.Errorf("status %d, type %v", w.Code, body["__type"])
	}
	if strings.Contains(w.Body.String(), "s3cr3t") {
		t.Error("the error shows a secret")
	}
}

// FuzzOperations sends two signed requests of any content: the first must not
// put the second's server out of order.
func FuzzOperations(f *testing.F) {
	token := strings.Repeat("t", 32)
	for _, seed := range []struct{ operation, body string }{
		{"GetSecretValue", `{"SecretId":"a","VersionStage":"AWSCURRENT"}`},
		{"GetSecretValue", `{"SecretId":"arn:aws:secretsmanager:us-east-1:000000000000:secret:a-zzzzzz"}`},
		{"GetSecretValue", `{"SecretId":"\ud83d\ude00"}`},
		{"BatchGetSecretValue", `{"SecretIdList":["a","empty","x"]}`},
		{"BatchGetSecretValue", `{"Filters":[{"Key":"name","Values":["a"]}],"MaxResults":1,"NextToken":"AAAA"}`},
		{"ListSecrets", `{"Filters":[{"Key":"all","Values":["!k","some"]}],"SortBy":"name","SortOrder":"desc","MaxResults":1,"IncludePlannedDeletion":true}`},
		{"ListSecretVersionIds", `{"SecretId":"a","IncludeDeprecated":true}`},
		{"DescribeSecret", `{"SecretId":"b/c"}`},
		{"CreateSecret", `{"Name":"new","SecretString":"v","ClientRequestToken":"` + token + `","Tags":[{"Key":"k","Value":"v"},null]}`},
		{"PutSecretValue", `{"SecretId":"a","SecretBinary":"AAEC","ClientRequestToken":"` + token + `","VersionStages":["x","AWSCURRENT"]}`},
		{"UpdateSecret", `{"SecretId":"a","SecretString":"w","ClientRequestToken":"` + token + `","KmsKeyId":"k","Description":""}`},
		{"UpdateSecretVersionStage", `{"SecretId":"a","VersionStage":"AWSCURRENT","MoveToVersionId":"` + token + `"}`},
		{"DeleteSecret", `{"SecretId":"a","RecoveryWindowInDays":7}`},
		{"DeleteSecret", `{"SecretId":"arn:","ForceDeleteWithoutRecovery":true}`},
		{"RestoreSecret", `{"SecretId":"a"}`},
		{"TagResource", `{"SecretId":"a","Tags":[{"Key":"","Value":null}]}`},
		{"UntagResource", `{"SecretId":"a","TagKeys":["k",null]}`},
		{"GetRandomPassword", `{"PasswordLength":9,"ExcludeCharacters":"ab\"","IncludeSpace":true}`},
		{"GetRandomPassword", `{"PasswordLength":1e9}`},
	} {
		f.Add(seed.operation, []byte(seed.body), "ListSecrets", []byte(`{}`))
	}
	f.Fuzz(func(t *testing.T, first string, firstBody []byte, second string, secondBody []byte) {
		s := seeded(t)
		now := time.Now()
		for _, call := range []struct {
			operation string
			body      []byte
		}{{first, firstBody}, {second, secondBody}, {"ListSecrets", []byte(`{"IncludePlannedDeletion":true}`)}} {
			w := httptest.NewRecorder()
			s.ServeHTTP(w, signed(t, s, "secretsmanager."+call.operation, call.body, now))
			checkAnswer(t, w)
		}
	})
}

// FuzzUnsigned sends any header and body: without the key nothing gets in.
func FuzzUnsigned(f *testing.F) {
	const good = "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20261124/us-east-1/secretsmanager/aws4_request, SignedHeaders=content-type;host;x-amz-date;x-amz-target, Signature=f0ee"
	for _, authorization := range []string{
		good, "", "AWS4-HMAC-SHA256", "AWS4-HMAC-SHA256 Credential=////, SignedHeaders=;;;, Signature==", "AWS4-HMAC-SHA256 a=b,a=b", "Basic x",
	} {
		f.Add(authorization, "20261124T081705Z", "127.0.0.1:4566", []byte(`{"SecretId":"a"}`))
	}
	f.Add(good, "99999999T999999Z", "[::1", []byte("\xff"))
	s := seeded(f)
	f.Fuzz(func(t *testing.T, authorization, date, host string, body []byte) {
		r := httptest.NewRequest(http.MethodPost, "http://127.0.0.1:4566/", bytes.NewReader(body))
		r.Host = host
		r.Header["Authorization"] = []string{authorization}
		r.Header["X-Amz-Date"] = []string{date}
		r.Header["X-Amz-Target"] = []string{"secretsmanager.GetSecretValue"}
		r.Header["Content-Type"] = []string{"application/x-amz-json-1.1"}
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		checkAnswer(t, w)
		if w.Code == http.StatusOK {
			t.Error("an unsigned request was answered")
		}
	})
}

package localsm_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"hci/sync/localsm"
	"hci/sync/secret"
)

// signed makes a request that is signed with the server's credentials.
func signed(t testing.TB, s *localsm.Server, target string, body []byte, at time.Time) *http.Request {
	t.Helper()
	r := httptest.NewRequest(http.MethodPost, "http://127.0.0.1:4566/", bytes.NewReader(body))
	r.Header.Set("Content-Type", "application/x-amz-json-1.1")
	if target != "" {
		r.Header.Set("X-Amz-Target", target)
	}
	sign(t, s, r, body, at)
	return r
}

func sign(t testing.TB, s *localsm.Server, r *http.Request, body []byte, at time.Time) {
	t.Helper()
	id, key, token := s.Credentials()
	sum := sha256.Sum256(body)
	err := v4.NewSigner().SignHTTP(ctx, aws.Credentials{AccessKeyID: id, SecretAccessKey: key, SessionToken: token},
		r, hex.EncodeToString(sum[:]), "secretsmanager", s.Region(), at)
	if err != nil {
		t.Fatal(err)
	}
}

// answer is a response as it stands on the wire.
type answer struct {
	status int
	header http.Header
	body   map[string]any
	raw    string
}

func ask(t testing.TB, h http.Handler, r *http.Request) answer {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	a := answer{w.Code, w.Header(), nil, w.Body.String()}
	if err := json.Unmarshal(w.Body.Bytes(), &a.body); err != nil {
		t.Fatalf("the answer is not JSON: %v", err)
	}
	return a
}

func TestWire(t *testing.T) {
	now := time.Date(2026, 11, 24, 8, 17, 5, 42_000_000, time.UTC)
	s := localsm.New(localsm.Options{Now: func() time.Time { return now }})
	if err := s.Put("s", secret.New("<&\u2028>")); err != nil {
		t.Fatal(err)
	}
	a := ask(t, s, signed(t, s, "secretsmanager.GetSecretValue", []byte(`{"SecretId":"s","Unknown":[1]}`), now))
	if a.status != 200 || a.header.Get("Content-Type") != "application/x-amz-json-1.1" || a.header.Get("Date") != "Tue, 24 Nov 2026 08:17:05 GMT" {
		t.Errorf("%d %v", a.status, a.header)
	}
	if id := a.header.Get("X-Amzn-Requestid"); !regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`).MatchString(id) {
		t.Errorf("request id %q", id)
	}
	if !strings.Contains(a.raw, `"CreatedDate":1795508225.042`) || strings.Contains(a.raw, "SecretBinary") {
		t.Error("date or members differ")
	}
	a = ask(t, s, signed(t, s, "secretsmanager.GetSecretValue", []byte(`{"SecretId":"none"}`), now))
	if a.status != 400 || a.header.Get("X-Amzn-Errortype") != "ResourceNotFoundException" ||
		strings.TrimSpace(a.raw) != `{"Message":"Secrets Manager can't find the specified secret.","__type":"ResourceNotFoundException"}` {
		t.Errorf("%d %s", a.status, a.raw)
	}
	a = ask(t, s, signed(t, s, "secretsmanager.GetSecretValue", []byte(`{}`), now))
	if strings.TrimSpace(a.raw) != `{"__type":"ValidationException","message":"1 validation error detected: Value null at 'secretId' failed to satisfy constraint: Member must not be null"}` {
		t.Errorf("%d %s", a.status, a.raw)
	}
}

func TestBadRequests(t *testing.T) {
	s := localsm.New(localsm.Options{})
	now := time.Now()
	const get = "secretsmanager.GetSecretValue"
	tests := []struct {
		name, target, body string
		mend               func(*http.Request)
		status             int
		code               string
	}{
		{"rotation", "secretsmanager.RotateSecrets", `{}`, nil, 400, "UnknownOperationException"},
		{"no target", "", `{}`, nil, 400, "UnknownOperationException"},
		{"other service", "DynamoDB_20120810.ListTables", `{}`, nil, 400, "UnknownOperationException"},
		{"other case", "secretsmanager.getSecretValue", `{}`, nil, 400, "UnknownOperationException"},
		{"no prefix", "GetSecretValue", `{}`, nil, 400, "UnknownOperationException"},
		{"empty body", get, ``, nil, 400, "SerializationException"},
		{"not JSON", get, `{`, nil, 400, "SerializationException"},
		{"two values", get, `{}{}`, nil, 400, "SerializationException"},
		{"not an object", get, `[]`, nil, 400, "SerializationException"},
		{"null", get, `null`, nil, 400, "SerializationException"},
		{"deep", get, strings.Repeat("[", 100000), nil, 400, "SerializationException"},
		{"wrong type", get, `{"SecretId":1}`, nil, 400, "SerializationException"},
		{"not UTF-8", get, "{\"SecretId\":\"\xff\"}", nil, 400, "SerializationException"},
		{"half a pair", get, `{"SecretId":"\ud800"}`, nil, 400, "SerializationException"},
		{"second half", get, `{"SecretId":"\uDC00"}`, nil, 400, "SerializationException"},
		{"half a pair and a letter", get, `{"SecretId":"\uD800\u0041"}`, nil, 400, "SerializationException"},
		{"member in another case", get, `{"secretid":"s"}`, nil, 400, "ValidationException"},
		{"null member", get, `{"SecretId":null}`, nil, 400, "ValidationException"},
		{"binary not base64", "secretsmanager.CreateSecret", `{"Name":"s","SecretBinary":"*"}`, nil, 400, "SerializationException"},
		{"value without token", "secretsmanager.CreateSecret", `{"Name":"s","SecretString":"v"}`, nil, 400, "InvalidRequestException"},
		{"GET", get, `{"SecretId":"s"}`, func(r *http.Request) { r.Method = "GET" }, 404, "UnknownOperationException"},
		{"path", get, `{"SecretId":"s"}`, func(r *http.Request) { r.URL.Path = "/x" }, 404, "UnknownOperationException"},
		{"query", get, `{"SecretId":"s"}`, func(r *http.Request) { r.URL.RawQuery = "Action=x" }, 404, "UnknownOperationException"},
		{"content type", get, `{"SecretId":"s"}`, func(r *http.Request) { r.Header.Set("Content-Type", "text/plain") }, 400, "UnknownOperationException"},
		{"too large", get, `{"SecretId":"` + strings.Repeat("s", 1<<20) + `"}`, nil, 413, "RequestEntityTooLargeException"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := signed(t, s, tt.target, []byte(tt.body), now)
			if tt.mend != nil {
				tt.mend(r)
				sign(t, s, r, []byte(tt.body), now)
			}
			a := ask(t, s, r)
			if a.status != tt.status || a.body["__type"] != tt.code || a.header.Get("X-Amzn-Errortype") != tt.code {
				t.Errorf("%d %.200s, want %d %s", a.status, a.raw, tt.status, tt.code)
			}
		})
	}
}

func TestPairedEscapesSurvive(t *testing.T) {
	s := localsm.New(localsm.Options{})
	body := `{"Name":"s","ClientRequestToken":"` + strings.Repeat("t", 32) + `","SecretString":"\uD834\uDD1E \\ud800 \ufffd \""}`
	ask(t, s, signed(t, s, "secretsmanager.CreateSecret", []byte(body), time.Now()))
	a := ask(t, s, signed(t, s, "secretsmanager.GetSecretValue", []byte(`{"SecretId":"s"}`), time.Now()))
	if a.body["SecretString"] != "\U0001D11E \\ud800 \ufffd \"" {
		t.Error("the text came back different")
	}
}

func TestUnsignedSeesNothing(t *testing.T) {
	s := localsm.New(localsm.Options{})
	if err := s.Put("s", secret.New("s3cr3t")); err != nil {
		t.Fatal(err)
	}
	for name, spoil := range map[string]func(*http.Request){
		"no signature":      func(r *http.Request) { r.Header.Del("Authorization") },
		"another operation": func(r *http.Request) { r.Header.Set("X-Amz-Target", "secretsmanager.DescribeSecret") },
		"another host":      func(r *http.Request) { r.Host = "127.0.0.1:1" },
		"another body": func(r *http.Request) {
			r.Body = io.NopCloser(strings.NewReader(`{"SecretId": "s"}`))
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := signed(t, s, "secretsmanager.GetSecretValue", []byte(`{"SecretId":"s"}`), time.Now())
			spoil(r)
			a := ask(t, s, r)
			if a.status != 400 || strings.Contains(a.raw, "s3cr3t") || strings.Contains(a.raw, "arn:") {
				t.Errorf("status %d, code %v", a.status, a.body["__type"])
			}
		})
	}
}

func TestHosts(t *testing.T) {
	s := localsm.New(localsm.Options{})
	for host, ok := range map[string]bool{
		"127.0.0.1:4566": true, "127.0.0.1": true, "127.9.9.9:1": true, "localhost:80": true, "LocalHost": true, "[::1]:4566": true, "[::1]": true,
		"": false, "example.com": false, "example.com:4566": false, "localhost.example.com:4566": false, "127.0.0.1.nip.io:4566": false,
		"10.0.0.1:4566": false, "0.0.0.0:4566": false, "[::]:1": false, "::1": false, "[127.0.0.1]": false, "127.0.0.1:": false, "127.0.0.1:x": false,
		"127.0.0.1:99999": false, "localhost:0": false, "user@localhost:1": false, "2130706433:1": false, "[::1": false,
	} {
		r := httptest.NewRequest(http.MethodPost, "http://127.0.0.1/", strings.NewReader(`{"PasswordLength":8}`))
		r.Host = host
		r.Header.Set("Content-Type", "application/x-amz-json-1.1")
		r.Header.Set("X-Amz-Target", "secretsmanager.GetRandomPassword")
		sign(t, s, r, []byte(`{"PasswordLength":8}`), time.Now())
		a := ask(t, s, r)
		if (a.status == 200) != ok || !ok && (a.status != 403 || a.body["__type"] != "AccessDeniedException") {
			t.Errorf("host %q: %d %s", host, a.status, a.raw)
		}
	}
}

func TestGeneratedCredentials(t *testing.T) {
	a, b := localsm.New(localsm.Options{}), localsm.New(localsm.Options{AccessKeyID: "AKIDEXAMPLE"})
	id, key, token := a.Credentials()
	otherID, otherKey, _ := b.Credentials()
	if !regexp.MustCompile(`^AKIA[A-Z2-7]{16}$`).MatchString(id) || len(key) < 40 || token != "" || key == otherKey || otherID == "AKIDEXAMPLE" {
		t.Error("half a pair was completed, or a pair is weak")
	}
}

func TestSessionToken(t *testing.T) {
	clk := newClock()
	s := localsm.New(localsm.Options{SessionToken: "token/with+signs=", SessionExpires: clk.now().Add(time.Minute), Now: clk.now})
	web := httptest.NewServer(s)
	t.Cleanup(web.Close)
	ask := func(c *secretsmanager.Client, token string) error {
		id, key, _ := s.Credentials()
		_, err := c.ListSecrets(ctx, &secretsmanager.ListSecretsInput{}, func(o *secretsmanager.Options) {
			o.Credentials = credentials.NewStaticCredentialsProvider(id, key, token)
			o.HTTPSignerV4 = clockSigner{clk}
		})
		return err
	}
	c := client(s, web.URL)
	if err := ask(c, "token/with+signs="); err != nil {
		t.Fatal(err)
	}
	for _, token := range []string{"", "other"} {
		wantCode(t, ask(c, token), "UnrecognizedClientException", "The security token included in the request is invalid.")
	}
	clk.advance(time.Minute)
	wantCode(t, ask(c, "token/with+signs="), "ExpiredTokenException", "The security token included in the request is expired")
}

func TestServe(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	l, err := localsm.ListenLoopback(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if a := l.Addr().(*net.TCPAddr); !a.IP.Equal(net.IPv4(127, 0, 0, 1)) || a.Port == 0 {
		t.Fatalf("listening on %s", a)
	}
	s := localsm.New(localsm.Options{})
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(ctx, l) }()
	c := client(s, "http://"+l.Addr().String())
	must(c.ListSecrets(ctx, &secretsmanager.ListSecretsInput{}))(t)
	cancel()
	if err := <-ended; err != nil {
		t.Errorf("Serve: %v", err)
	}
	if conn, err := net.Dial("tcp", l.Addr().String()); err == nil {
		conn.Close()
		t.Error("still listening")
	}
}

// everywhere claims to be a listener on all addresses.
type everywhere struct{ net.Listener }

func (everywhere) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4zero, Port: 1} }

func TestServeRefusesOtherAddresses(t *testing.T) {
	l, err := localsm.ListenLoopback(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if err := localsm.New(localsm.Options{}).Serve(ctx, everywhere{l}); err == nil {
		t.Error("served on 0.0.0.0")
	}
	if _, err := l.Accept(); err == nil {
		t.Error("the listener is open")
	}
}

// TestServeAnywhere: where it is asked for, other addresses and hosts are
// served, and a request that is not signed still gets nothing.
func TestServeAnywhere(t *testing.T) {
	server := localsm.New(localsm.Options{Anywhere: true})
	l, err := localsm.ListenLoopback(ctx)
	if err != nil {
		t.Fatal(err)
	}
	serving, stop := context.WithCancel(ctx)
	done := make(chan error, 1)
	go func() { done <- server.Serve(serving, everywhere{l}) }()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+l.Addr().String()+"/", strings.NewReader("{}"))
	if err != nil {
		t.Fatal(err)
	}
	req.Host = "host.docker.internal:1234"
	req.Header.Set("X-Amz-Target", "secretsmanager.ListSecrets")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(resp.Body)
	_ = resp.Body.Close()
	if err != nil || resp.StatusCode != http.StatusBadRequest || !strings.Contains(string(body), "MissingAuthenticationToken") {
		t.Errorf("%d %s, %v", resp.StatusCode, body, err)
	}
	stop()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

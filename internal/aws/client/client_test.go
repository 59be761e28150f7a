package client_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"hci/internal/aws/client"
)

var ecs = client.Service{Host: "ecs", Name: "ecs", Target: "AmazonEC2ContainerServiceV20141113", Env: "HCI_TEST_ENDPOINT_URL"}

const attempts = 6 // of a request, at most

// reply is an answer, or what happens in its place.
type reply struct {
	status int
	body   string
	err    error // on the way
	cut    bool  // the connection ends within the answer
}

var ok = reply{status: http.StatusOK, body: `{"name":"web"}`}

// coded is an answer that says that a request failed.
func coded(status int, code string) reply {
	return reply{status: status, body: `{"__type":"` + code + `","message":"said"}`}
}

// wire stands for the network: it hands out the replies in their order, the last
// again and again.
type wire struct {
	replies []reply
	seen    []*http.Request
	bodies  []string
}

func (w *wire) Do(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	w.seen, w.bodies = append(w.seen, r), append(w.bodies, string(body))
	one := w.replies[min(len(w.seen), len(w.replies))-1]
	if one.err != nil {
		return nil, one.err
	}
	var text io.Reader = strings.NewReader(one.body)
	if one.cut {
		text = io.MultiReader(text, cut{})
	}
	return &http.Response{StatusCode: one.status, Header: http.Header{}, Body: io.NopCloser(text), Request: r}, nil
}

type cut struct{}

func (cut) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

func config(w *wire) aws.Config {
	return aws.Config{Region: "eu-central-1", HTTPClient: w, Credentials: credentials.NewStaticCredentialsProvider("AKIDEXAMPLE", "key", "session")}
}

type answer struct{ Name string }

// TestRetries: what may pass is tried again, up to six times; what will not is
// asked once.
func TestRetries(t *testing.T) {
	dropped := reply{err: io.EOF}
	for _, c := range []struct {
		name    string
		replies []reply
		asked   int
		code    string // of the error; "" for none, "-" for one without
	}{
		{"answered at once", []reply{ok}, 1, ""},
		{"throttled once", []reply{coded(400, "ThrottlingException"), ok}, 2, ""},
		{"throttled, in another word", []reply{coded(400, "Throttling"), ok}, 2, ""},
		{"too many requests", []reply{coded(429, "TooManyRequestsException"), ok}, 2, ""},
		{"AWS fails", []reply{coded(500, "ServerException"), coded(503, "ServiceUnavailableException"), ok}, 3, ""},
		{"a gateway fails", []reply{{status: 502, body: "<html>Bad Gateway</html>"}, ok}, 2, ""},
		{"dropped", []reply{dropped, dropped, ok}, 3, ""},
		{"dropped within the answer", []reply{{status: 200, body: `{"na`, cut: true}, ok}, 2, ""},
		{"the last attempt", []reply{dropped, dropped, dropped, dropped, dropped, ok}, attempts, ""},
		{"throttled for good", []reply{coded(400, "ThrottlingException")}, attempts, "ThrottlingException"},
		{"AWS fails for good", []reply{coded(500, "ServerException")}, attempts, "ServerException"},
		{"a gateway fails for good", []reply{{status: 502, body: "<html>"}}, attempts, "HTTP status 502"},
		{"dropped for good", []reply{dropped}, attempts, "-"},
		{"refused", []reply{coded(400, "ClientException"), ok}, 1, "ClientException"},
		{"not allowed", []reply{coded(400, "AccessDeniedException"), ok}, 1, "AccessDeniedException"},
		{"expired", []reply{coded(400, "ExpiredTokenException"), ok}, 1, "ExpiredTokenException"},
		{"forbidden, without words", []reply{{status: 403}, ok}, 1, "HTTP status 403"},
		{"no JSON", []reply{{status: 200, body: "<html>"}, ok}, 1, "-"},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := &wire{replies: c.replies}
				var out answer
				err := client.New(config(w), ecs).Call(t.Context(), "DescribeServices", map[string]any{"cluster": "main"}, &out)
				if len(w.seen) != c.asked || (err != nil) != (c.code != "") || client.Code(err) != strings.TrimPrefix(c.code, "-") {
					t.Errorf("asked %d times, %v", len(w.seen), err)
				}
				if err == nil && out.Name != "web" {
					t.Errorf("%+v", out)
				}
				for _, body := range w.bodies {
					if body != `{"cluster":"main"}` {
						t.Errorf("sent %q", body)
					}
				}
			})
		})
	}
}

// TestRefused: a refusal tells that nothing was done only if no attempt before it
// may have been carried out.
func TestRefused(t *testing.T) {
	refusal, dropped := coded(400, "AccessDeniedException"), reply{err: io.EOF}
	for _, c := range []struct {
		name    string
		replies []reply
		refused bool
	}{
		{"at once", []reply{refusal}, true},
		{"after being throttled", []reply{coded(400, "ThrottlingException"), coded(429, "TooManyRequestsException"), refusal}, true},
		{"after a lost answer", []reply{dropped, refusal}, false},
		{"after half an answer", []reply{{status: 200, body: `{"na`, cut: true}, refusal}, false},
		{"after AWS failed", []reply{coded(500, "ServerException"), refusal}, false},
		{"after a lost answer and being throttled", []reply{dropped, coded(400, "ThrottlingException"), refusal}, false},
		{"throttled for good", []reply{coded(400, "ThrottlingException")}, false},
		{"AWS fails for good", []reply{coded(500, "ServerException")}, false},
	} {
		synctest.Test(t, func(t *testing.T) {
			err := client.New(config(&wire{replies: c.replies}), ecs).Call(t.Context(), "X", struct{}{}, &answer{})
			if err == nil || client.Refused(err, "X") != c.refused || client.Refused(err, "Y") {
				t.Errorf("%s: %v, refused: %v", c.name, err, !c.refused)
			}
		})
	}
}

// TestPauses: each pause is longer than the one before, and none is long.
func TestPauses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		_ = client.New(config(&wire{replies: []reply{coded(500, "ServerException")}}), ecs).Call(t.Context(), "X", struct{}{}, &answer{})
		if took := time.Since(start); took < 3*time.Second || took > 10*time.Second {
			t.Errorf("gave up after %v", took)
		}
	})
}

// TestDroppedConnection has a real server hang up.
func TestDroppedConnection(t *testing.T) {
	var asked atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if asked.Add(1) == 1 {
			panic(http.ErrAbortHandler)
		}
		_, _ = io.WriteString(w, ok.body)
	}))
	defer server.Close()
	cfg := config(nil)
	cfg.HTTPClient, cfg.BaseEndpoint = nil, &server.URL
	var out answer
	if err := client.New(cfg, ecs).Call(t.Context(), "DescribeServices", struct{}{}, &out); err != nil || out.Name != "web" || asked.Load() != 2 {
		t.Errorf("%v, %+v, asked %d times", err, out, asked.Load())
	}
}

// TestCancelled: the end of the context ends the pause, and the attempts.
func TestCancelled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		start := time.Now()
		w := &wire{replies: []reply{coded(500, "ServerException")}}
		err := client.New(config(w), ecs).Call(ctx, "X", struct{}{}, &answer{})
		if !errors.Is(err, context.DeadlineExceeded) || len(w.seen) != 1 || time.Since(start) != 50*time.Millisecond {
			t.Errorf("%v after %v and %d requests", err, time.Since(start), len(w.seen))
		}
	})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	w := &wire{replies: []reply{{err: context.Canceled}}}
	if err := client.New(config(w), ecs).Call(ctx, "X", struct{}{}, &answer{}); !errors.Is(err, context.Canceled) || len(w.seen) != 1 {
		t.Errorf("%v after %d requests", err, len(w.seen))
	}
}

func TestErrCredentials(t *testing.T) {
	for _, c := range []struct {
		code string
		is   bool
	}{
		{"ExpiredTokenException", true}, {"ExpiredToken", true}, {"UnrecognizedClientException", true},
		{"InvalidClientTokenId", true}, {"InvalidSignatureException", true}, {"com.amazon.coral.service#ExpiredTokenException", true},
		{"AccessDeniedException", false}, {"ClientException", false}, {"ServiceNotFoundException", false},
	} {
		w := &wire{replies: []reply{coded(400, c.code)}}
		err := client.New(config(w), ecs).Call(t.Context(), "X", struct{}{}, &answer{})
		if err == nil || errors.Is(err, client.ErrCredentials) != c.is || errors.Is(fmt.Errorf("service: %w", err), client.ErrCredentials) != c.is {
			t.Errorf("%s: %v", c.code, err)
		}
	}
}

// none has no credentials.
type none struct{}

var errNone = errors.New("no EC2 IMDS role found")

func (none) Retrieve(context.Context) (aws.Credentials, error) { return aws.Credentials{}, errNone }

func TestNoCredentials(t *testing.T) {
	w := &wire{replies: []reply{ok}}
	cfg := config(w)
	cfg.Credentials = none{}
	err := client.New(cfg, ecs).Call(t.Context(), "X", struct{}{}, &answer{})
	if !errors.Is(err, client.ErrCredentials) || !errors.Is(err, errNone) || len(w.seen) != 0 {
		t.Errorf("%v, asked %d times", err, len(w.seen))
	}
	if _, err := client.WhoAmI(t.Context(), cfg); !errors.Is(err, client.ErrCredentials) || len(w.seen) != 0 {
		t.Errorf("%v, asked %d times", err, len(w.seen))
	}
}

func TestEndpoint(t *testing.T) {
	own := "http://127.0.0.1:1/"
	for _, c := range []struct {
		name, region, env, base string
		loaded                  bool
		want                    string
	}{
		{"a region's", "eu-central-1", "", "", true, "https://ecs.eu-central-1.amazonaws.com/"},
		{"China's", "cn-north-1", "", "", true, "https://ecs.cn-north-1.amazonaws.com.cn/"},
		{"for all services", "eu-central-1", "", own, true, own},
		{"for this service", "eu-central-1", "http://127.0.0.1:2/", own, true, "http://127.0.0.1:2/"},
		{"made by hci, the environment notwithstanding", "eu-central-1", "http://127.0.0.1:2/", own, false, own},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Setenv(ecs.Env, c.env)
			w := &wire{replies: []reply{ok}}
			cfg := config(w)
			cfg.Region = c.region
			if c.base != "" {
				cfg.BaseEndpoint = &c.base
			}
			if c.loaded {
				cfg.ConfigSources = []any{struct{}{}}
			}
			if err := client.New(cfg, ecs).Call(t.Context(), "X", struct{}{}, &answer{}); err != nil || w.seen[0].URL.String() != c.want {
				t.Errorf("%v, asked %s", err, w.seen[0].URL)
			}
		})
	}
}

// TestRequest looks at the headers, and at what the signature covers.
func TestRequest(t *testing.T) {
	w := &wire{replies: []reply{ok}}
	if err := client.New(config(w), ecs).Call(t.Context(), "DescribeServices", struct{}{}, &answer{}); err != nil {
		t.Fatal(err)
	}
	r := w.seen[0]
	for name, want := range map[string]string{
		"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": "AmazonEC2ContainerServiceV20141113.DescribeServices", "X-Amz-Security-Token": "session",
	} {
		if got := r.Header.Get(name); got != want {
			t.Errorf("%s: %q", name, got)
		}
	}
	if signed := r.Header.Get("Authorization"); r.Method != http.MethodPost || !strings.HasPrefix(signed, "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/") ||
		!strings.Contains(signed, "/eu-central-1/ecs/aws4_request") || !strings.Contains(signed, "x-amz-target") {
		t.Errorf("%s, %q", r.Method, signed)
	}
}

func TestError(t *testing.T) {
	for _, c := range []struct{ body, code, said string }{
		{`{"__type":"ClientException","message":"no"}`, "ClientException", "X: ClientException: no"},
		{`{"__type":"com.amazonaws.ecs.v20141113#ClientException","Message":"no"}`, "ClientException", "X: ClientException: no"},
		{`{"__type":"ClientException:http://internal.amazon.com/coral/","message":"no"}`, "ClientException", "X: ClientException: no"},
		{`{"__type":"ClientException"}`, "ClientException", "X: ClientException"},
		{`{}`, "HTTP status 400", "X: HTTP status 400"},
		{`no JSON`, "HTTP status 400", "X: HTTP status 400"},
	} {
		err := client.New(config(&wire{replies: []reply{{status: 400, body: c.body}}}), ecs).Call(t.Context(), "X", struct{}{}, &answer{})
		if client.Code(err) != c.code || err.Error() != c.said {
			t.Errorf("%s: %q, %q", c.body, client.Code(err), err)
		}
	}
	if code := client.Code(errors.New("another")); code != "" {
		t.Error(code)
	}
}

func TestTime(t *testing.T) {
	if (*client.Time)(nil).Time() != nil {
		t.Error("a time that is not there is one")
	}
	for _, milli := range []int64{0, 1, 1_084_847_975_396, 1_700_000_000_000, 1_700_000_000_001, 1_730_000_000_123, 1_799_999_999_999} {
		at := client.Time(float64(milli) / 1000)
		if got := at.Time(); got.UnixMilli() != milli || got.Location() != time.UTC {
			t.Errorf("%d: %v", milli, got)
		}
	}
}

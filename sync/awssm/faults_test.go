package awssm_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	stdsync "sync"
	"sync/atomic"
	"testing"

	"hci/internal/secret"
	"hci/sync"
	"hci/sync/awssm"
	"hci/sync/localsm"
)

// fault is what the proxy does to a request.
type fault int

const (
	throttle    fault = iota // answers ThrottlingException, without passing it on
	failing                  // answers 500
	unavailable              // answers 503
	dropBefore               // closes the connection, without passing it on
	dropAfter                // passes it on and closes the connection
	halfTheBody              // passes it on and cuts the answer
)

var faultNames = []string{"throttle", "failing", "unavailable", "drop-before", "drop-after", "half-the-body"}

// proxy stands before the server and harms the n-th request of an operation,
// and every tenth after it.
type proxy struct {
	server http.Handler
	fault  fault
	op     string
	count  atomic.Int64
}

func (p *proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_, op, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	if op != p.op || p.count.Add(1)%10 != 1 {
		p.server.ServeHTTP(w, r)
		return
	}
	switch p.fault {
	case throttle:
		w.Header().Set("X-Amzn-ErrorType", "ThrottlingException")
		w.WriteHeader(http.StatusBadRequest)
		_, _ = io.WriteString(w, `{"__type":"ThrottlingException","message":"Rate exceeded"}`)
	case failing:
		w.WriteHeader(http.StatusInternalServerError)
	case unavailable:
		w.WriteHeader(http.StatusServiceUnavailable)
	case dropBefore:
		panic(http.ErrAbortHandler)
	case dropAfter:
		p.server.ServeHTTP(httptest.NewRecorder(), r)
		panic(http.ErrAbortHandler)
	case halfTheBody:
		rec := httptest.NewRecorder()
		p.server.ServeHTTP(rec, r)
		w.Header().Set("Content-Length", fmt.Sprint(rec.Body.Len()))
		w.WriteHeader(rec.Code)
		_, _ = w.Write(bytes.Clone(rec.Body.Bytes()[:rec.Body.Len()/2]))
		panic(http.ErrAbortHandler)
	}
}

// TestFaults pushes through a connection that fails: every secret ends up old
// or new, the report is true, and nothing is written twice.
func TestFaults(t *testing.T) {
	for f, name := range faultNames {
		for _, op := range []string{"PutSecretValue", "UpdateSecretVersionStage", "CreateSecret", "BatchGetSecretValue", "DescribeSecret"} {
			t.Run(name+"/"+op, func(t *testing.T) {
				server := localsm.New(localsm.Options{Region: "eu-central-1"})
				front := httptest.NewServer(&proxy{server: server, fault: fault(f), op: op})
				t.Cleanup(front.Close)
				st := open(t, front.URL, server)
				put(t, server, "empty", "")
				put(t, server, "old", "old value")
				var want []sync.Want
				for _, n := range []string{"empty", "old", "new"} {
					want = append(want, sync.Want{Name: n, Status: sync.Known, Value: secret.New("new value of " + n)})
				}
				held, err := st.Read(context.Background(), []string{"empty", "old", "new"})
				if err != nil {
					t.Fatal(err)
				}
				report, err := sync.Apply(context.Background(), st, sync.Diff(held, want), sync.ApplyOptions{Create: true}, nil)
				if err != nil {
					t.Fatal(err)
				}
				for _, out := range report.Outcomes {
					now := readOne(t, st, out.Name)
					done := out.Result == sync.Written || out.Result == sync.Created
					if is := now.HasValue && now.Value.Equal(out.Change.Want.Value); is != done {
						t.Errorf("%s: reported %v (%v), holds the new value: %v", out.Name, out.Result, out.Err, is)
					}
				}
				// Running it again finishes the job.
				if held, err = st.Read(context.Background(), []string{"empty", "old", "new"}); err != nil {
					t.Fatal(err)
				}
				report, err = sync.Apply(context.Background(), st, sync.Diff(held, want), sync.ApplyOptions{Create: true}, nil)
				if err != nil || report.Err() != nil {
					t.Errorf("the second time: %v, %v", err, report.Err())
				}
			})
		}
	}
}

// TestRace lets writers race over one secret: every write that was reported
// as done was current at some time, one after the other.
func TestRace(t *testing.T) {
	st, server := local(t)
	put(t, server, "contested", "first")
	const writers, rounds = 4, 25
	var done, lost atomic.Int64
	var mu stdsync.Mutex
	versions := map[string]bool{}
	var wg stdsync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for i := range rounds {
				held, err := st.Read(context.Background(), []string{"contested"})
				if err != nil || len(held) != 1 {
					t.Errorf("%d, %v", len(held), err)
					return
				}
				version, err := st.Write(context.Background(), "contested", secret.New(fmt.Sprint(w, "-", i)), held[0].Version)
				switch {
				case errors.Is(err, sync.ErrConflict):
					lost.Add(1)
				case err != nil:
					t.Error(err)
				default:
					done.Add(1)
					mu.Lock()
					versions[version] = true
					mu.Unlock()
				}
			}
		})
	}
	wg.Wait()
	if done.Load() == 0 || done.Load()+lost.Load() != writers*rounds {
		t.Errorf("%d done, %d conflicts", done.Load(), lost.Load())
	}
	if last := readOne(t, st, "contested"); !versions[last.Version] {
		t.Error("the current version is none that was reported as done")
	}
	if int64(len(versions)) != done.Load() {
		t.Errorf("%d versions for %d writes", len(versions), done.Load())
	}
}

func TestNoRegion(t *testing.T) {
	local(t)
	t.Setenv("AWS_REGION", "")
	t.Setenv("AWS_DEFAULT_REGION", "")
	if _, err := awssm.Open(context.Background(), awssm.Options{}); !errors.Is(err, awssm.ErrNoRegion) {
		t.Errorf("%v", err)
	}
}

func TestNoProfile(t *testing.T) {
	local(t)
	t.Setenv("AWS_ENDPOINT_URL_SECRETS_MANAGER", "")
	t.Setenv("AWS_ACCESS_KEY_ID", "")
	var missing *awssm.ProfileError
	if _, err := awssm.Open(context.Background(), awssm.Options{Region: "eu-central-1", Profile: "nobody"}); !errors.As(err, &missing) || !errors.Is(err, awssm.ErrCredentials) {
		t.Errorf("%v", err)
	}
	// With an access key in the environment, that is used, and said.
	t.Setenv("AWS_ACCESS_KEY_ID", "AKIA")
	var notes []string
	o := awssm.Options{Region: "eu-central-1", Profile: "nobody", Note: func(s string) { notes = append(notes, s) }}
	if _, err := awssm.Open(context.Background(), o); err != nil || len(notes) != 1 {
		t.Errorf("%v, %q", err, notes)
	}
}

package ssm_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"hci/internal/aws/client"
	"hci/internal/aws/ssm"
	"hci/internal/testing/faultproxy"
	"hci/sync"
	"hci/sync/localsm"
	"hci/sync/secret"
)

// world is a server behind a proxy that harms requests, all in memory, for use
// in a bubble of package synctest.
type world struct {
	server *localsm.Server
	proxy  *faultproxy.Proxy
	http   *http.Client
	wants  []sync.Want
}

func newWorld(t *testing.T) *world {
	t.Helper()
	server := localsm.New(localsm.Options{Region: "eu-central-1"})
	w := &world{server: server, proxy: &faultproxy.Proxy{Server: server, Delay: 3 * time.Second}}
	w.http = w.proxy.Client(t)
	t.Setenv("AWS_ENDPOINT_URL_SSM", "")
	return w
}

func (w *world) config() client.Config {
	id, key, _ := w.server.Credentials()
	return client.Config{
		Region: "eu-central-1", BaseEndpoint: aws.String(faultproxy.URL), HTTPClient: w.http,
		Credentials: credentials.NewStaticCredentialsProvider(id, key, ""),
	}
}

// store opens a store as another process would.
func (w *world) store() *ssm.Store { return ssm.New(w.config()) }

// ask sends a request as another client would, with nothing of the store's.
func (w *world) ask(t *testing.T, operation string, in map[string]any) {
	t.Helper()
	c := client.New(w.config(), client.Service{Host: "ssm", Name: "ssm", Target: "AmazonSSM"})
	if err := c.Call(context.Background(), operation, in, &struct{}{}); err != nil {
		t.Fatal(err)
	}
}

// Prefixes of names, by the state in which a parameter begins.
const (
	stateSame    = "same"    // holds the new value
	stateOld     = "old"     // holds another
	stateMissing = "missing" // is not there
)

var states = []string{stateSame, stateOld, stateMissing}

func newValue(name string) secret.Value { return secret.New("new value of " + name) }

func text(s string) sync.Content { return sync.Content{Value: secret.New(s)} }

var secure = &sync.Parameter{Type: "SecureString"}

func (w *world) add(t *testing.T, name string) {
	t.Helper()
	w.wants = append(w.wants, sync.Want{Name: name, Status: sync.Known, Value: newValue(name), Meta: sync.Meta{Managed: true, Parameter: secure}})
	value := secret.New("old value")
	switch state := strings.TrimRight(name, "0123456789"); state {
	case stateMissing:
		return
	case stateSame:
		value = newValue(name)
	}
	w.put(t, name, value.Reveal())
}

func (w *world) put(t *testing.T, name, value string) {
	t.Helper()
	if err := w.server.PutParameter(name, secret.New(value), localsm.Parameter{Type: "SecureString", Key: "alias/own", Description: "kept"}); err != nil {
		t.Fatal(err)
	}
}

func (w *world) compare(t *testing.T, st *ssm.Store) (sync.Plan, error) {
	t.Helper()
	names := make([]string, len(w.wants))
	for i, want := range w.wants {
		names[i] = want.Name
	}
	held, err := st.Read(context.Background(), names)
	if err == nil {
		err = st.Inspect(context.Background(), held)
	}
	return sync.Diff(held, w.wants), err
}

// push compares and applies, as the command does.
func (w *world) push(t *testing.T, ctx context.Context) (sync.Report, error) {
	t.Helper()
	st := w.store()
	p, err := w.compare(t, st)
	if err != nil {
		return sync.Report{}, err
	}
	return sync.Apply(ctx, st, p, sync.ApplyOptions{Create: true}, nil)
}

func (w *world) counts() map[string]int {
	n := map[string]int{}
	for _, want := range w.wants {
		n[want.Name] = len(w.server.ParameterHistory(want.Name))
	}
	return n
}

// now is the current version.
func (w *world) now(name string) localsm.Version {
	history := w.server.ParameterHistory(name)
	if len(history) == 0 {
		return localsm.Version{}
	}
	return history[len(history)-1]
}

// check compares the server's own history with what a push reported.
func (w *world) check(t *testing.T, before map[string]int, report sync.Report) {
	t.Helper()
	outcomes := map[string]sync.Outcome{}
	for _, out := range report.Outcomes {
		outcomes[out.Name] = out
	}
	for _, want := range w.wants {
		now := w.now(want.Name)
		isNew := now.ID != "" && now.Value.Equal(want.Value)
		if !isNew && now.ID != "" && !now.Value.Equal(secret.New("old value")) {
			t.Errorf("%s holds neither the old nor the new value", want.Name)
		}
		out, reported := outcomes[want.Name]
		if added := len(w.server.ParameterHistory(want.Name)) - before[want.Name]; added > 1 || added > 0 && !reported {
			t.Errorf("%s got %d versions, reported %v", want.Name, added, reported)
		}
		if !reported || errors.Is(out.Err, sync.ErrUncertain) {
			continue
		}
		done := out.Result == sync.Written || out.Result == sync.Created
		if done != isNew {
			t.Errorf("%s: reported %v (%v), holds the new value: %v", want.Name, out.Result, out.Err, isNew)
		}
		if done && out.Version != now.ID {
			t.Errorf("%s: reported as version %q, but current is %q", want.Name, out.Version, now.ID)
		}
	}
}

// finish pushes again without faults: it must succeed with no more writes than
// are needed.
func (w *world) finish(t *testing.T) {
	t.Helper()
	puts := 0
	for _, want := range w.wants {
		if !w.now(want.Name).Value.Equal(want.Value) {
			puts++
		}
	}
	w.proxy.Set(nil)
	before := w.proxy.Count("PutParameter")
	counts := w.counts()
	report, err := w.push(t, context.Background())
	if err != nil || report.Err() != nil || !report.Complete() {
		t.Errorf("the second time: %v, %v", err, report.Err())
	}
	if n := w.proxy.Count("PutParameter") - before; n != puts {
		t.Errorf("the second time: %d values were put, want %d", n, puts)
	}
	w.check(t, counts, report)
	for _, want := range w.wants {
		if !w.now(want.Name).Value.Equal(want.Value) {
			t.Errorf("%s: not written by the second push", want.Name)
		}
	}
}

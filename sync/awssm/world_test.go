package awssm_test

import (
	"context"
	"errors"
	"net/http"
	"os"
	"slices"
	"strings"
	stdsync "sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	sm "github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"hci/internal/testing/faultproxy"
	"hci/sync"
	"hci/sync/awssm"
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

	mu    stdsync.Mutex
	notes []string
}

func newWorld(t *testing.T) *world {
	t.Helper()
	t.Cleanup(awssm.UseFakeClock())
	server := localsm.New(localsm.Options{Region: "eu-central-1"})
	w := &world{server: server, proxy: &faultproxy.Proxy{Server: server, Delay: 3 * time.Second}}
	w.http = w.proxy.Client(t)
	id, key, _ := server.Credentials()
	for name, value := range map[string]string{
		"AWS_ENDPOINT_URL_SECRETS_MANAGER": faultproxy.URL, "AWS_ACCESS_KEY_ID": id, "AWS_SECRET_ACCESS_KEY": key,
		"AWS_CONFIG_FILE": os.DevNull, "AWS_SHARED_CREDENTIALS_FILE": os.DevNull, "AWS_PROFILE": "", "AWS_CA_BUNDLE": "",
	} {
		t.Setenv(name, value)
	}
	return w
}

// store opens a store as another process would, with retries of its own.
func (w *world) store(t *testing.T) *awssm.Store {
	t.Helper()
	st, err := awssm.Open(context.Background(), awssm.Options{Region: "eu-central-1", HTTPClient: w.http, Note: func(s string) {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.notes = append(w.notes, s)
	}})
	if err != nil {
		t.Fatal(err)
	}
	return st
}

// noted returns the notes that hold a text.
func (w *world) noted(text string) []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(w.notes), func(s string) bool { return !strings.Contains(s, text) })
}

// sdk is another client, with nothing of hci's.
func (w *world) sdk() *sm.Client {
	id, key, _ := w.server.Credentials()
	return sm.New(sm.Options{
		Region: "eu-central-1", BaseEndpoint: aws.String(faultproxy.URL), HTTPClient: w.http,
		Credentials: credentials.NewStaticCredentialsProvider(id, key, ""),
	})
}

// Prefixes of names, by the state in which a secret begins.
const (
	stateSame    = "same"    // holds the new value
	stateOld     = "old"     // holds another
	stateEmpty   = "empty"   // has none
	stateMissing = "missing" // is not there
	stateGone    = "gone"    // is scheduled for deletion, with another value
	stateKept    = "kept"    // is scheduled for deletion, with the new value
)

var states = []string{stateSame, stateOld, stateEmpty, stateMissing, stateGone, stateKept}

// text is a content that is a text.
func text(v secret.Value) sync.Content { return sync.Content{Value: v} }

// newValue is what a secret is to hold.
func newValue(name string) secret.Value { return secret.New("new value of " + name) }

// add puts a secret into its state and declares it.
func (w *world) add(t *testing.T, name string) {
	t.Helper()
	w.wants = append(w.wants, sync.Want{Name: name, Status: sync.Known, Value: newValue(name)})
	state := strings.TrimRight(name, "0123456789")
	switch state {
	case stateMissing:
		return
	case stateEmpty:
		put(t, w.server, name, "")
	case stateSame, stateKept:
		put(t, w.server, name, newValue(name).Reveal())
	default:
		put(t, w.server, name, "old value")
	}
	if state == stateGone || state == stateKept {
		if _, err := w.sdk().DeleteSecret(context.Background(), &sm.DeleteSecretInput{SecretId: &name}); err != nil {
			t.Fatal(err)
		}
	}
}

// push compares and applies, as the command does.
func (w *world) push(t *testing.T, ctx context.Context) (sync.Report, error) {
	t.Helper()
	st := w.store(t)
	names := make([]string, len(w.wants))
	for i, want := range w.wants {
		names[i] = want.Name
	}
	held, err := st.Read(ctx, names)
	if err != nil {
		return sync.Report{}, err
	}
	return sync.Apply(ctx, st, sync.Diff(held, w.wants), sync.ApplyOptions{Create: true, Restore: true}, nil)
}

func holder(history []localsm.Version, label string) localsm.Version {
	for _, v := range history {
		if slices.Contains(v.Labels, label) {
			return v
		}
	}
	return localsm.Version{}
}

// counts is the number of versions of each secret.
func (w *world) counts() map[string]int {
	n := map[string]int{}
	for _, want := range w.wants {
		n[want.Name] = len(w.server.History(want.Name))
	}
	return n
}

// check compares the server's own history with what a push reported.
func (w *world) check(t *testing.T, before map[string]int, report sync.Report) {
	t.Helper()
	outcomes := map[string]sync.Outcome{}
	for _, out := range report.Outcomes {
		outcomes[out.Name] = out
	}
	for _, want := range w.wants {
		history := w.server.History(want.Name)
		now := holder(history, "AWSCURRENT")
		isNew := now.Value.Equal(want.Value)
		if !isNew && now.ID != "" && !now.Value.Equal(secret.New("old value")) {
			t.Errorf("%s holds neither the old nor the new value", want.Name)
		}
		out, reported := outcomes[want.Name]
		if added := len(history) - before[want.Name]; added > 1 || added > 0 && !reported {
			t.Errorf("%s got %d versions, reported %v", want.Name, added, reported)
		}
		uncertain := errors.Is(out.Err, sync.ErrUncertain)
		if done := out.Result == sync.Written || out.Result == sync.Created; reported && !uncertain && out.Result != sync.Restored {
			began := before[want.Name] == 0 || !strings.HasPrefix(want.Name, stateKept)
			if done != isNew && began {
				t.Errorf("%s: reported %v (%v), holds the new value: %v", want.Name, out.Result, out.Err, isNew)
			}
		}
		if (out.Result == sync.Written || out.Result == sync.Created || out.Result == sync.Restored) && reported && (out.Version != now.ID || !isNew) {
			t.Errorf("%s: reported %v as version %q, but current is %q", want.Name, out.Result, out.Version, now.ID)
		}
		for _, v := range history {
			for _, label := range v.Labels {
				if strings.HasPrefix(label, "hci-pending") && !uncertain && len(w.noted(want.Name)) == 0 {
					t.Errorf("%s keeps a private label and nobody was told: %v (%v)", want.Name, out.Result, out.Err)
				}
			}
		}
	}
}

// finish pushes again without faults: it must succeed with no more writes than
// are needed, and leave nothing behind.
func (w *world) finish(t *testing.T) {
	t.Helper()
	puts, creates := 0, 0
	for _, want := range w.wants {
		history := w.server.History(want.Name)
		switch now := holder(history, "AWSCURRENT"); {
		case history == nil:
			creates++
		case !now.Value.Equal(want.Value):
			puts++
		}
	}
	w.proxy.Set(nil)
	putsBefore, createsBefore := w.proxy.Count("PutSecretValue"), w.proxy.Count("CreateSecret")
	before := w.counts()
	report, err := w.push(t, context.Background())
	if err != nil || report.Err() != nil || !report.Complete() {
		t.Errorf("the second time: %v, %v", err, report.Err())
	}
	if n := w.proxy.Count("PutSecretValue") - putsBefore; n != puts {
		t.Errorf("the second time: %d values were put, want %d", n, puts)
	}
	if n := w.proxy.Count("CreateSecret") - createsBefore; n != creates {
		t.Errorf("the second time: %d secrets were created, want %d", n, creates)
	}
	w.check(t, before, report)
	for _, want := range w.wants {
		if !holder(w.server.History(want.Name), "AWSCURRENT").Value.Equal(want.Value) {
			t.Errorf("%s: not written by the second push", want.Name)
		}
	}
}

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"
)

// trail is CloudTrail, as far as history asks it. It knows who wrote what the
// server's own history has.
type trail struct {
	*faulty
	denied bool
	asked  []string // names of events
}

func (c *trail) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var in struct {
		LookupAttributes []struct{ AttributeKey, AttributeValue string }
		NextToken        string
	}
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil || !strings.HasSuffix(r.Header.Get("X-Amz-Target"), ".LookupEvents") {
		http.Error(w, "{}", http.StatusBadRequest)
		return
	}
	if c.denied {
		w.WriteHeader(http.StatusBadRequest)
		_, _ = fmt.Fprint(w, `{"__type": "AccessDeniedException", "Message": "no"}`)
		return
	}
	name := in.LookupAttributes[0].AttributeValue
	c.asked = append(c.asked, name)
	events := []map[string]string{}
	if name == "PutSecretValue" && in.NextToken == "" {
		_ = json.NewEncoder(w).Encode(map[string]any{"Events": events, "NextToken": "next"}) // an empty page is not the last
		return
	}
	if name == "PutSecretValue" {
		for _, v := range c.server.History(faultyName(1)) {
			if slices.Contains(v.Labels, "AWSCURRENT") {
				events = append(events, map[string]string{"Username": "alice", "CloudTrailEvent": fmt.Sprintf(
					`{"userIdentity": {"arn": "arn:aws:sts::000000000000:assumed-role/dev/alice"}, "requestParameters": {"secretId": "x", "clientRequestToken": %q}}`, v.ID)})
			}
		}
	}
	_ = json.NewEncoder(w).Encode(map[string]any{"Events": events})
}

// TestHistoryBy: who wrote a version is CloudTrail's to tell, where it may be read.
func TestHistoryBy(t *testing.T) {
	f := newFaulty(t)
	if code, _, said := f.push(context.Background(), t); code != 0 {
		t.Fatal(said)
	}
	c := &trail{faulty: f}
	front := httptest.NewServer(c)
	t.Cleanup(front.Close)
	history := func(args ...string) (string, string) {
		t.Helper()
		var out, errOut bytes.Buffer
		args = append([]string{"-C", f.dir, "secrets", "history", "app", faultyName(1)}, args...)
		if code := run(context.Background(), args, streams{in: strings.NewReader(""), out: &out, err: &errOut}, os.Environ()); code != 0 {
			t.Fatalf("exit code %d: %s", code, errOut.String())
		}
		return out.String(), errOut.String()
	}
	if out, said := history(); strings.Contains(out, " by ") || !strings.Contains(said, "who wrote each version is not known: http://127.0.0.1") {
		t.Errorf("an emulator: %s%s", out, said)
	}
	t.Setenv("AWS_ENDPOINT_URL_CLOUDTRAIL", front.URL)
	out, said := history()
	if first, _, _ := strings.Cut(out, "\n"); !strings.HasSuffix(first, "by assumed-role/dev/alice") || strings.Count(out, " by ") != 1 {
		t.Errorf("by whom: %s", out)
	}
	if !strings.Contains(said, "who wrote 1 of the 2 versions is not known") {
		t.Errorf("said: %s", said)
	}
	if want := []string{"PutSecretValue", "PutSecretValue", "CreateSecret", "UpdateSecret"}; !slices.Equal(c.asked, want) {
		t.Errorf("asked for %q", c.asked)
	}
	if out, _ := history("--json"); !strings.Contains(out, `"by": "arn:aws:sts::000000000000:assumed-role/dev/alice"`) {
		t.Errorf("JSON: %s", out)
	}
	c.denied = true
	if out, said := history(); strings.Contains(out, " by ") || !strings.Contains(said, "who wrote each version is not known: cloudtrail:LookupEvents is not allowed") {
		t.Errorf("denied: %s%s", out, said)
	}
}

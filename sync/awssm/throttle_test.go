package awssm_test

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"hci/internal/testing/faultproxy"
)

// TestThrottlingIsTold: when AWS throttles for more than a second, or the quota
// makes many writes wait, the user is told, and not too often.
func TestThrottlingIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.add(t, stateOld)
		w.proxy.Set(func(r faultproxy.Request) faultproxy.Fault {
			if r.Operation == "PutSecretValue" && r.Attempt < 6 {
				return faultproxy.Throttle429
			}
			return faultproxy.None
		})
		report, err := w.push(t, context.Background())
		if err != nil || !report.Complete() {
			t.Errorf("%v, %v", err, report.Err())
		}
		notes := w.noted("AWS throttles PutSecretValue; waiting")
		if len(notes) == 0 || len(notes) > 7 {
			t.Errorf("told %d times: %q", len(notes), notes)
		}
	})
}

// TestQuota writes 200 secrets: the three writing requests that each takes stay
// under 50 a second.
func TestQuota(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		for i := range 200 {
			w.add(t, fmt.Sprint(stateOld, i))
		}
		start := time.Now()
		report, err := w.push(t, context.Background())
		if err != nil || !report.Complete() {
			t.Errorf("%v, %v", err, report.Err())
		}
		writes := w.proxy.Count("PutSecretValue") + w.proxy.Count("UpdateSecretVersionStage")
		if took := time.Since(start); writes != 600 || took < 11*time.Second || took > 20*time.Second {
			t.Errorf("%d writing requests in %v", writes, took)
		}
		if len(w.noted("AWS throttles")) == 0 {
			t.Error("nobody was told")
		}
	})
}

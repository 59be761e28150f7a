package awssm_test

import (
	"context"
	"errors"
	"fmt"
	stdsync "sync"
	"sync/atomic"
	"testing"

	"hci/sync"
	"hci/sync/awssm"
	"hci/sync/secret"
)

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
				version, err := st.Write(context.Background(), "contested", text(secret.New(fmt.Sprint(w, "-", i))), held[0])
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

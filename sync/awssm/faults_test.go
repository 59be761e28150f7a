package awssm_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"hci/internal/testing/faultproxy"
	"hci/sync"
	"hci/sync/awssm"
)

// pushOperations are those that a push asks for.
var pushOperations = []string{
	"BatchGetSecretValue", "GetSecretValue", "DescribeSecret", "PutSecretValue",
	"UpdateSecretVersionStage", "CreateSecret", "RestoreSecret",
}

// inWords is how an error names an operation that failed for good.
var inWords = map[string]string{
	"BatchGetSecretValue": "reading the", "GetSecretValue": "reading the value", "DescribeSecret": "asking for its versions",
	"PutSecretValue": "storing the new value", "UpdateSecretVersionStage": "making the new value the current one",
	"CreateSecret": "making it", "RestoreSecret": "restoring it",
}

// TestFaults pushes while requests of one operation fail now and then: every
// secret ends up with the new value, or is reported, nothing is written twice,
// and another push finishes the job.
func TestFaults(t *testing.T) {
	for _, fault := range faultproxy.Transient {
		for _, op := range pushOperations {
			if fault == faultproxy.OtherVersion && (op == "BatchGetSecretValue" || op == "GetSecretValue") {
				continue // a version that AWS names to begin with can't be told from a right one
			}
			t.Run(fault.String()+"/"+op, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					w := newWorld(t)
					for _, state := range states {
						w.add(t, state)
					}
					before := w.counts()
					n := 0
					w.proxy.Set(func(r faultproxy.Request) faultproxy.Fault {
						if r.Operation == op && r.Attempt%10 == 1 {
							n++
							return fault
						}
						return faultproxy.None
					})
					report, err := w.push(t, context.Background())
					w.proxy.Set(nil)
					if err != nil || report.Err() != nil || !report.Complete() || n == 0 {
						t.Errorf("%d faults: %v, %v", n, err, report.Err())
					}
					w.check(t, before, report)
					w.finish(t)
				})
			})
		}
	}
}

// TestOutage pushes while one operation does not work at all, in each way. That
// is never reported as done unless it was, and said in words.
func TestOutage(t *testing.T) {
	for _, fault := range slices.Concat(faultproxy.Transient, faultproxy.Lasting) {
		for _, op := range pushOperations {
			if fault == faultproxy.Late || fault == faultproxy.LateAnswer {
				continue
			}
			t.Run(fault.String()+"/"+op, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) { outage(t, fault, op) })
			})
		}
	}
}

func outage(t *testing.T, fault faultproxy.Fault, op string) {
	w := newWorld(t)
	for _, state := range states {
		w.add(t, state)
	}
	before := w.counts()
	w.proxy.Set(func(r faultproxy.Request) faultproxy.Fault {
		if r.Operation == op {
			return fault
		}
		return faultproxy.None
	})
	report, err := w.push(t, context.Background())
	w.proxy.Set(nil)
	w.check(t, before, report)
	finished := err == nil && report.Complete()
	// What is put or moved although the answer is lost is found to be done, and
	// without batches secrets are read singly.
	may := fault.Done() || fault == faultproxy.NotFound && op == "GetSecretValue" || op == "BatchGetSecretValue" || op == "DescribeSecret"
	if finished && !may {
		t.Errorf("%s: reported as done", fault)
	}
	if all := errors.Join(err, report.Err()); all != nil && fault.Transient() && !strings.Contains(all.Error(), inWords[op]) && !errors.Is(all, sync.ErrConflict) {
		t.Errorf("the operation is not named in words: %v", all)
	}
	for _, out := range report.Outcomes {
		if out.Result == sync.Conflicted && !errors.Is(out.Err, sync.ErrNotFound) && !fault.Misleads(op) {
			t.Errorf("%s: nobody changed it, but: %v", out.Name, out.Err)
		}
	}
	w.finish(t)
}

// TestExpiredHalfWay lets the credentials end before every single request.
func TestExpiredHalfWay(t *testing.T) {
	for last, done := 0, false; !done; last++ {
		t.Run(fmt.Sprint("after ", last, " requests"), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				for _, state := range states {
					w.add(t, state)
				}
				before := w.counts()
				from := len(w.proxy.Requests()) + last
				hit := false
				w.proxy.Set(func(r faultproxy.Request) faultproxy.Fault {
					if r.N > from {
						hit = true
						return faultproxy.Expired
					}
					return faultproxy.None
				})
				report, err := w.push(t, context.Background())
				w.proxy.Set(nil)
				w.check(t, before, report)
				if all := errors.Join(err, report.Err()); !errors.Is(all, awssm.ErrCredentials) && hit && !report.Complete() {
					t.Errorf("%v", all)
				}
				done = !hit
				w.finish(t)
			})
		})
	}
}

// TestManyFaults pushes 40 secrets while three in ten requests fail, by a
// seeded choice.
func TestManyFaults(t *testing.T) {
	kinds := map[string][]faultproxy.Fault{"transient": faultproxy.Transient, "with expired and denied": append([]faultproxy.Fault{faultproxy.Expired, faultproxy.Denied}, faultproxy.Transient...)}
	for _, fault := range faultproxy.Transient {
		if fault != faultproxy.OtherVersion { // which a read can't tell from a right one
			kinds[fault.String()] = []faultproxy.Fault{fault}
		}
	}
	for kind, faults := range kinds {
		for seed := range uint64(2) {
			t.Run(fmt.Sprint(kind, "/seed ", seed), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					w := newWorld(t)
					for i := range 40 {
						w.add(t, fmt.Sprint(states[i%len(states)], i))
					}
					before := w.counts()
					w.proxy.Set(faultproxy.Some(seed, 0.3, faults))
					report, _ := w.push(t, context.Background())
					w.proxy.Set(nil)
					w.check(t, before, report)
					if len(faults) == 1 && report.Count(sync.Written)+report.Count(sync.Created) < 20 {
						t.Errorf("retries saved %d writes only: %v", report.Count(sync.Written), report.Err())
					}
					w.finish(t)
				})
			})
		}
	}
}

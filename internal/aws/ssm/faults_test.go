package ssm_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"

	"hci/internal/aws/client"
	"hci/internal/testing/faultproxy"
	"hci/sync"
)

// pushOperations are those that a push asks for.
var pushOperations = []string{"GetParameters", "DescribeParameters", "PutParameter"}

// TestFaults pushes while requests of one operation fail now and then: every
// parameter ends up with the new value, nothing is written twice, and another
// push finds nothing to do.
func TestFaults(t *testing.T) {
	for _, fault := range faultproxy.Transient {
		for _, op := range pushOperations {
			if fault == faultproxy.OtherVersion && op == "GetParameters" {
				continue // a version that AWS names to begin with can't be told from a right one
			}
			t.Run(fault.String()+"/"+op, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					w := newWorld(t)
					for _, state := range states {
						w.add(t, state)
					}
					before, n := w.counts(), 0
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
// is never reported as done unless it was.
func TestOutage(t *testing.T) {
	for _, fault := range slices.Concat(faultproxy.Transient, faultproxy.Lasting) {
		for _, op := range pushOperations {
			if fault == faultproxy.Late || fault == faultproxy.LateAnswer || fault == faultproxy.OtherVersion && op == "GetParameters" {
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
	// An answer to a write that is lost is looked up, and which version has
	// which settings matters to nothing.
	may := fault.Done() && op == "PutParameter" || fault == faultproxy.OtherVersion && op == "DescribeParameters"
	if err == nil && report.Complete() && !may {
		t.Errorf("%s: reported as done", fault)
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
				before, hit := w.counts(), false
				w.proxy.Set(func(r faultproxy.Request) faultproxy.Fault {
					if r.N > last {
						hit = true
						return faultproxy.Expired
					}
					return faultproxy.None
				})
				report, err := w.push(t, context.Background())
				w.proxy.Set(nil)
				w.check(t, before, report)
				if all := errors.Join(err, report.Err()); hit && !errors.Is(all, client.ErrCredentials) {
					t.Errorf("%v", all)
				}
				done = !hit
				w.finish(t)
			})
		})
	}
}

// TestManyFaults pushes 12 parameters while three in ten requests fail, by a
// seeded choice.
func TestManyFaults(t *testing.T) {
	for _, fault := range faultproxy.Transient {
		if fault == faultproxy.OtherVersion {
			continue // which a read can't tell from a right one
		}
		t.Run(fault.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				for i := range 12 {
					w.add(t, fmt.Sprint(states[i%len(states)], i))
				}
				before := w.counts()
				w.proxy.Set(faultproxy.Some(1, 0.3, []faultproxy.Fault{fault}))
				report, _ := w.push(t, context.Background())
				w.proxy.Set(nil)
				w.check(t, before, report)
				w.finish(t)
			})
		})
	}
}

// TestRollbackFaults returns to an earlier version while one operation does not
// work at all, in each way: it is never reported as done unless it was.
func TestRollbackFaults(t *testing.T) {
	for _, fault := range slices.Concat(faultproxy.Transient, faultproxy.Lasting) {
		for _, op := range []string{"GetParameterHistory", "GetParameters", "DescribeParameters", "PutParameter"} {
			if fault == faultproxy.Late || fault == faultproxy.LateAnswer || fault == faultproxy.OtherVersion {
				continue // a version that AWS names to begin with can't be told from a right one
			}
			t.Run(fault.String()+"/"+op, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					w := newWorld(t)
					w.put(t, "p", "one")
					w.put(t, "p", "two")
					seen := w.held(t, "p")
					seen.Facts = nil // so that it is asked for again
					w.proxy.Set(func(r faultproxy.Request) faultproxy.Fault {
						if r.Operation == op {
							return fault
						}
						return faultproxy.None
					})
					version, err := w.store().Return(context.Background(), "p", "1", seen)
					w.proxy.Set(nil)
					back := w.now("p").Value.Reveal() == "one"
					if done := err == nil; done != back && !errors.Is(err, sync.ErrUncertain) || done && version != w.now("p").ID {
						t.Errorf("version %q, %v; it is back: %v", version, err, back)
					}
					if n := len(w.server.ParameterHistory("p")); n > 3 {
						t.Errorf("%d versions", n)
					}
				})
			})
		}
	}
}

// TestSinglyFaults reads while no batch works and one parameter neither, in each
// way: it is unreadable or nothing can be read, and never missing.
func TestSinglyFaults(t *testing.T) {
	for _, fault := range slices.Concat(faultproxy.Transient, faultproxy.Lasting) {
		if fault == faultproxy.Late || fault == faultproxy.LateAnswer || fault == faultproxy.OtherVersion {
			continue
		}
		t.Run(fault.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				w.put(t, "p", "one")
				w.put(t, "q", "one")
				w.proxy.Set(func(r faultproxy.Request) faultproxy.Fault {
					switch {
					case r.Operation == "GetParameters":
						return faultproxy.Denied
					case r.Secret == "q":
						return fault
					}
					return faultproxy.None
				})
				held, err := w.store().Read(context.Background(), []string{"p", "q"})
				w.proxy.Set(nil)
				if err == nil && (len(held) != 2 || held[0].Err != nil || held[1].Err == nil) {
					t.Errorf("%d read", len(held))
				}
			})
		})
	}
}

package sync

import (
	"slices"
	"time"
)

// Cost is what Apply asks of the store, and how long AWS's quotas make that take
// at the least.
type Cost struct {
	Requests int
	Time     time.Duration
	// Parameters tells that the quota on writes of parameters makes it take so
	// long, or a part of it.
	Parameters bool
}

// What AWS allows a second of PutSecretValue and UpdateSecretVersionStage
// together, and of PutParameter.
//
// https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_limits.html
// https://docs.aws.amazon.com/general/latest/gr/ssm.html#limits_ssm
const (
	writesPerSecond          = 50
	ParameterWritesPerSecond = 3
)

// Cost tells what carrying out a plan costs. Places are written one after the
// other.
func (p Plan) Cost(o ApplyOptions) Cost {
	secrets, parameters, all := 0, 0, 0
	for _, c := range p.Changes {
		if !o.selects(c.Name) {
			continue
		}
		do, _ := o.action(c)
		if c.IsParameter() {
			if do != nothing && do != skip {
				parameters++
				all += map[action]int{write: 2, revert: 3, create: 1}[do] // it is looked at just before
			}
			continue
		}
		n := map[action]int{write: 3, revert: 1, restore: 3}[do]
		if do == write && c.Held.Version == "" {
			n = 2 // AWS makes a first value the current one by itself
		}
		if slices.Contains(c.Held.Labels, "AWSPENDING") && (do == write || do == revert) {
			n++
		}
		secrets += n
		all += n + map[action]int{create: 1, remove: 2, restore: 2}[do]
		if c.Held.Untidy() {
			secrets, all = secrets+len(c.Held.Facts.Stale), all+len(c.Held.Facts.Stale)
		}
	}
	wait := waiting(parameters, ParameterWritesPerSecond)
	return Cost{Requests: all, Time: waiting(secrets, writesPerSecond) + wait, Parameters: wait > 0}
}

// waiting is how long requests take at the least at so many a second.
func waiting(requests, perSecond int) time.Duration {
	return time.Duration(max(0, requests-perSecond)) * time.Second / time.Duration(perSecond)
}

package main

import (
	"fmt"
	"strings"

	"hci/sync"
)

// pushReport is the JSON form of what a push did.
type pushReport struct {
	Schema      int             `json:"schema"`
	Environment string          `json:"environment"`
	Counts      map[string]int  `json:"counts"` // by outcome
	Secrets     []outcomeReport `json:"secrets"`
}

type outcomeReport struct {
	Name    string `json:"name"`
	Kind    string `json:"kind"`
	Outcome string `json:"outcome"`
	Version string `json:"version,omitempty"` // the new VersionId
	Why     string `json:"why,omitempty"`
	Error   string `json:"error,omitempty"`
}

func newPushReport(d *desired, r sync.Report) pushReport {
	p := pushReport{Schema: planSchema, Environment: d.env.Name, Counts: map[string]int{}, Secrets: []outcomeReport{}}
	for _, out := range r.Outcomes {
		o := outcomeReport{Name: out.Name, Kind: out.Change.Kind.String(), Outcome: out.Result.String(), Version: out.Version, Why: out.Why}
		if out.Err != nil {
			o.Error = out.Err.Error()
		}
		p.Counts[o.Outcome]++
		p.Secrets = append(p.Secrets, o)
	}
	return p
}

// countResults sums up a push in one line.
func countResults(env string, r sync.Report) string {
	var parts []string
	for _, result := range []sync.Result{
		sync.Written, sync.Created, sync.Restored, sync.Skipped,
		sync.Conflicted, sync.Failed, sync.NotAttempted,
	} {
		if n := r.Count(result); n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, result))
		}
	}
	return env + ": " + strings.Join(parts, ", ")
}

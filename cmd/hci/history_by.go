package main

import (
	"context"
	"fmt"
	"time"

	"hci/internal/aws/cloudtrail"
	"hci/internal/compare"
	"hci/sync"
)

// writers fills in who made versions of a secret, where CloudTrail tells; why not,
// is said.
func (a *app) writers(ctx context.Context, t *compare.Target, all []sync.Version) {
	if t == nil || t.Parameters { // of a parameter, AWS tells it with the versions
		return
	}
	if t.Endpoint != "" && cloudtrail.Endpoint(t.Config) == "" {
		a.sayf("who wrote each version is not known: %s has no CloudTrail", t.Endpoint)
		return
	}
	now := time.Now()
	made, old := map[string]time.Time{}, 0
	for _, v := range all {
		if made[v.ID] = v.Made; now.Sub(v.Made) > cloudtrail.Kept {
			old++
		}
	}
	by, err := cloudtrail.Writers(ctx, t.Config, made, now)
	for i := range all {
		all[i].By = by[all[i].ID]
	}
	recent := len(all) - old
	switch {
	case err != nil:
		a.sayf("who wrote %s is not known: %v", versionsInWords(len(all)-len(by), len(all)), err)
	case len(by) < recent:
		a.sayf("who wrote %s is not known: CloudTrail does not have it yet, or too many events lie between", versionsInWords(recent-len(by), len(all)))
	}
	if old > 0 {
		a.sayf("who wrote %s is not known: CloudTrail keeps events for 90 days", versionsInWords(old, len(all)))
	}
}

func versionsInWords(n, of int) string {
	if n == of {
		return "each version"
	}
	return fmt.Sprintf("%d of the %d versions", n, of)
}

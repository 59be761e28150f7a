package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"hci/internal/compare"
	"hci/sync"
)

// pushReport is the JSON form of what a push did.
type pushReport struct {
	Schema      int             `json:"schema"`
	Environment string          `json:"environment"`
	Counts      map[string]int  `json:"counts"` // by outcome
	Places      []placeReport   `json:"places"` // where in AWS the secrets are
	Secrets     []outcomeReport `json:"secrets"`
}

type outcomeReport struct {
	placeReport
	Name    string `json:"name"`
	Kind    string `json:"kind"`
	Outcome string `json:"outcome"`
	Version string `json:"version,omitempty"` // the new VersionId
	Why     string `json:"why,omitempty"`
	Error   string `json:"error,omitempty"`
}

func newPushReport(d *compare.Desired, r sync.Report) pushReport {
	p := pushReport{Schema: planSchema, Environment: d.Env.Name, Counts: map[string]int{}, Places: newPlaceReports(d), Secrets: []outcomeReport{}}
	for _, out := range r.Outcomes {
		o := outcomeReport{placeReport: newPlaceReport(d.At(out.Change.Place)), Name: out.Name, Kind: out.Change.Kind.String(), Outcome: out.Result.String(), Version: out.Version, Why: out.Why}
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
		sync.Written, sync.Created, sync.Restored, sync.Removed, sync.Reverted, sync.Skipped,
		sync.Conflicted, sync.Failed, sync.NotAttempted,
	} {
		if n := r.Count(result); n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, result))
		}
	}
	return env + ": " + strings.Join(parts, ", ")
}

// suggestSecret adds a suggestion to the error about a name that --only gave.
func (a *app) suggestSecret(err error, p sync.Plan) error {
	var unknown *sync.UnknownNameError
	if !errors.As(err, &unknown) {
		return err
	}
	names := make([]string, len(p.Changes))
	for i, c := range p.Changes {
		names[i] = c.Name
	}
	return fmt.Errorf("%w%s", err, didYouMean(unknown.Name, names))
}

// nothingPushed ends a push that has nothing to write, or was a dry run.
func (a *app) nothingPushed(d *compare.Desired, p sync.Plan, r pushRequest) error {
	if r.asJSON {
		report := newPlanReport(d, p, false)
		report.Cost = &costReport{r.cost.Requests, r.cost.Time.Seconds()}
		if err := a.printJSON(report); err != nil {
			return err
		}
	}
	if r.dryRun {
		return nil
	}
	if p.Differs() && len(r.only) == 0 {
		a.nextCommand(d, p)
		return errIncomplete
	}
	a.sayf("%s: nothing to write", d.Env.Name)
	return nil
}

// tellCost says what a push asks of AWS, where there is something to write.
func (a *app) tellCost(c sync.Cost) {
	switch {
	case c.Requests == 0:
	case c.Time == 0:
		a.sayf("that takes %s", plural(c.Requests, "request"))
	default:
		quota := "50 writes a second"
		if c.Parameters {
			quota = fmt.Sprintf("%d writes of parameters a second", sync.ParameterWritesPerSecond)
		}
		a.sayf("that takes %s and %s at the least: AWS allows %s", plural(c.Requests, "request"), c.Time.Round(time.Second), quota)
	}
}

// printOutcome says what became of a secret, as it happens.
func (a *app) printOutcome(out sync.Outcome) {
	switch {
	case out.Err != nil: // said, with its hint, when the push ends
		a.sayf("%s: %s", out.Name, out.Result)
	case out.Why != "":
		a.sayf("%s: %s: %s", out.Name, out.Result, out.Why)
	default:
		a.sayf("%s: %s", out.Name, out.Result)
	}
}

// sumUp ends a push: how many of each, and what that makes the exit code.
func (a *app) sumUp(d *compare.Desired, p sync.Plan, report sync.Report, r pushRequest) error {
	var err error
	if r.asJSON {
		err = a.printJSON(newPushReport(d, report))
	} else {
		_, err = fmt.Fprintln(a.out, countResults(d.Env.Name, report))
	}
	if slices.ContainsFunc(report.Outcomes, replacedValue) {
		a.redeployHint(d)
	}
	if report.Count(sync.Created) > 0 {
		a.importHint(d, report)
	}
	if failed := report.Err(); failed != nil {
		return errors.Join(err, failed)
	}
	if !report.Complete() && len(r.only) == 0 {
		a.nextCommand(d, p)
		err = errors.Join(err, errIncomplete)
	}
	return err
}

// importHint says how Terraform gets to know what push made: its next apply would
// fail to make the same again.
func (a *app) importHint(d *compare.Desired, report sync.Report) {
	for _, out := range report.Outcomes {
		if out.Result == sync.Created && out.Change.IsParameter() {
			a.sayf("Terraform does not know %s yet: 'hci tf %s import %s %s'", out.Name, d.Env.Name, shellWord(out.Change.Want.Address), shellWord(out.Name))
		} else if out.Result == sync.Created {
			a.sayf("Terraform does not know %s yet: 'hci tf %s import %s ARN', with the ARN that 'aws secretsmanager describe-secret --secret-id %s' shows", out.Name, d.Env.Name, shellWord(out.Change.Want.Address), out.Name)
		}
	}
}

// replacedValue reports whether a secret had another value before.
func replacedValue(out sync.Outcome) bool {
	return out.Change.Held.HasValue && (out.Result == sync.Written || out.Result == sync.Restored || out.Result == sync.Reverted)
}

// redeployHint says how running tasks get the new values: ECS hands secrets
// out when a task starts only.
func (a *app) redeployHint(d *compare.Desired) {
	for _, s := range d.Evaluated.Services {
		if s.Name == "" || s.Cluster == "" {
			a.sayf("tasks of %s that run keep the old values until its next deployment", s.Address)
			continue
		}
		a.sayf("tasks that run keep the old values until they are replaced: 'hci deploy update %s --restart'", d.Env.Name)
	}
}

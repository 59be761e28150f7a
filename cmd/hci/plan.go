package main

import (
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"hci/internal/compare"
	"hci/internal/term"
	"hci/sync"
)

// planSchema is the version of the JSON that diff and push write. It changes
// when a field changes its meaning or goes; fields may be added.
const planSchema = 1

// planReport is the JSON form of a plan.
type planReport struct {
	Schema      int            `json:"schema"`
	Environment string         `json:"environment"`
	Workspace   string         `json:"workspace"`
	InSync      bool           `json:"in_sync"`
	Differs     bool           `json:"differs"` // or can't be compared: exit code 2
	Counts      map[string]int `json:"counts"`  // by kind
	Places      []placeReport  `json:"places"`  // where in AWS the secrets are
	Secrets     []changeReport `json:"secrets"`
	Nameless    []string       `json:"name_unknown,omitempty"`    // Terraform addresses
	Cost        *costReport    `json:"cost,omitempty"`            // of a push
	SharedWith  []string       `json:"shared_with,omitempty"`     // environments that declare some of the secrets as well
	Incomplete  []string       `json:"incomplete,omitempty"`      // what could declare secrets and was not seen
	Orphans     string         `json:"orphans_unknown,omitempty"` // why it can't be told which secrets are declared nowhere
}

// placeReport is the JSON form of a place in AWS.
type placeReport struct {
	Account  string `json:"account,omitempty"` // twelve digits; absent where it could not be asked for
	Alias    string `json:"account_alias,omitempty"`
	Region   string `json:"region,omitempty"`
	Endpoint string `json:"endpoint,omitempty"` // where it is another one than AWS's own
	// Parameters tells that it is the Parameter Store, not Secrets Manager.
	Parameters bool `json:"parameter_store,omitempty"`
}

func newPlaceReports(d *compare.Desired) []placeReport {
	all := []placeReport{}
	for _, t := range d.Targets() {
		all = append(all, newPlaceReport(t))
	}
	return all
}

func newPlaceReport(t *compare.Target) placeReport {
	if t == nil {
		return placeReport{}
	}
	return placeReport{Account: t.Account, Alias: t.Alias, Region: t.Region, Endpoint: t.Endpoint, Parameters: t.Parameters}
}

// costReport is what a push asks of AWS.
type costReport struct {
	Requests int     `json:"requests"`
	Seconds  float64 `json:"seconds"` // that AWS's quotas make it take at the least
}

type changeReport struct {
	placeReport
	Name      string      `json:"name"`
	Kind      string      `json:"kind"` // sync.Kind's text
	Reason    string      `json:"reason,omitempty"`
	Address   string      `json:"address,omitempty"`
	Variables []string    `json:"variables,omitempty"`
	Version   string      `json:"version,omitempty"` // the VersionId that holds AWSCURRENT
	Changed   *time.Time  `json:"changed,omitempty"` // when that version was made
	To        string      `json:"to,omitempty"`      // the VersionId that a rollback returns to
	Awaits    []string    `json:"awaits,omitempty"`  // addresses that the value waits for
	Keys      []keyReport `json:"keys,omitempty"`
	Have      *string     `json:"have,omitempty"` // with --show-values; bytes are in base64
	Want      *string     `json:"want,omitempty"`
	HaveBytes bool        `json:"have_binary,omitempty"` // AWS holds bytes (SecretBinary)
	WantBytes bool        `json:"want_binary,omitempty"` // the code makes bytes (secret_binary)
	// Owner is who else gives the secret its value.
	Owner *ownerReport `json:"owner,omitempty"`
	// Drift lists the settings that are not as Terraform declares them.
	Drift []driftReport `json:"drift,omitempty"`
	// StaleLabels are staging labels that hci left, with their VersionIds.
	StaleLabels map[string]string `json:"stale_labels,omitempty"`
}

type ownerReport struct {
	Kind string `json:"kind"` // rotation, service, replica; unknown if it could not be read
	By   string `json:"by,omitempty"`
}

type driftReport struct {
	Field string `json:"field"` // as Terraform calls it
	Have  string `json:"have"`
	Want  string `json:"want"`
}

type keyReport struct {
	Key    string `json:"key"`
	Change string `json:"change"`
}

func newPlanReport(d *compare.Desired, p sync.Plan, showValues bool) planReport {
	r := planReport{
		Schema: planSchema, Environment: d.Env.Name, Workspace: d.Env.Workspace,
		InSync:  p.InSync() && len(d.Nameless) == 0 && len(d.Incomplete()) == 0,
		Differs: p.Differs() || len(d.Nameless) > 0,
		Counts:  map[string]int{}, Places: newPlaceReports(d), Secrets: []changeReport{}, Nameless: d.Nameless,
		Incomplete: d.Incomplete(), Orphans: d.OrphansUnknown,
	}
	for _, c := range p.Changes {
		r.Counts[c.Kind.String()]++
		one := newChangeReport(c, showValues)
		one.placeReport = newPlaceReport(d.At(c.Place))
		r.Secrets = append(r.Secrets, one)
	}
	return r
}

func newChangeReport(c sync.Change, showValues bool) changeReport {
	r := changeReport{
		Name: c.Name, Kind: c.Kind.String(), Reason: reason(c), Address: c.Want.Address,
		Variables: c.Want.Variables, Version: c.Held.Version, To: c.To, Awaits: c.Want.Unknown,
	}
	if owner := c.Owner(); owner.Kind != "" {
		r.Owner = &ownerReport{string(owner.Kind), owner.By}
	}
	for _, d := range c.Drift() {
		r.Drift = append(r.Drift, driftReport(d))
	}
	if c.Held.Facts != nil {
		r.StaleLabels = c.Held.Facts.Stale
	}
	r.HaveBytes, r.WantBytes = c.Held.Binary, c.Want.Binary
	if !c.Held.Changed.IsZero() {
		changed := c.Held.Changed.UTC()
		r.Changed = &changed
	}
	for _, k := range c.Keys {
		r.Keys = append(r.Keys, keyReport{Key: k.Key, Change: k.Kind.String()})
	}
	if !showValues {
		return r
	}
	if c.Held.HasValue {
		have := shown(c.Held.Content())
		r.Have = &have
	}
	if c.Want.Status == sync.Known {
		want := shown(c.Want.Content())
		r.Want = &want
	}
	return r
}

// printPlan prints, for each place in AWS, its account and region and a line for
// each change that show selects; then a count.
func (a *app) printPlan(d *compare.Desired, p sync.Plan, show func(sync.Change) bool, showValues bool) error {
	for _, g := range d.Groups(p) {
		if _, err := fmt.Fprintf(a.out, "%s in %s\n", d.Env.Name, g.Title); err != nil {
			return err
		}
		if err := a.printGroup(g.Plan, show, showValues); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintln(a.out, count(d, p))
	return err
}

func (a *app) printGroup(p sync.Plan, show func(sync.Change) bool, showValues bool) error {
	var table strings.Builder
	w := tabwriter.NewWriter(&table, 0, 0, 2, ' ', 0)
	for _, c := range p.Changes {
		if !show(c) {
			continue
		}
		fmt.Fprintf(w, "%s %s\t%s\t%s\t%s\n", sign(c.Kind), c.Name, reason(c), since(c), from(c.Want))
		if showValues {
			printValues(w, c)
		}
	}
	if err := w.Flush(); err != nil {
		return err
	}
	return a.printSigned(table.String())
}

// printSigned prints lines that begin with a sign. They are coloured last: a
// tabwriter would count the colour as text.
func (a *app) printSigned(table string) error {
	var b strings.Builder
	for line := range strings.Lines(term.Fit(table, term.Width(a.out))) {
		b.WriteString(a.style.Sign(line[:1], line[:1]) + strings.TrimRight(line[1:], " \n") + "\n")
	}
	return a.list(b.String())
}

// table prints the lines of a table, no wider than the terminal.
func (a *app) table(text string) error {
	var b strings.Builder
	for line := range strings.Lines(term.Fit(text, term.Width(a.out))) {
		b.WriteString(strings.TrimRight(line, " \n") + "\n")
	}
	return a.list(b.String())
}

// printValues shows both sides, quoted, so that a value stays on its line.
func printValues(w *tabwriter.Writer, c sync.Change) {
	if c.Kind == sync.InSync {
		return
	}
	if c.Held.HasValue {
		fmt.Fprintf(w, "    have %s\n", quoted(c.Held.Content()))
	}
	if c.Want.Status == sync.Known {
		fmt.Fprintf(w, "    want %s\n", quoted(c.Want.Content()))
	}
}

// shown is a value as a text: bytes in base64.
func shown(c sync.Content) string {
	if c.Binary {
		return base64.StdEncoding.EncodeToString([]byte(c.Value.Reveal()))
	}
	return c.Value.Reveal()
}

// quoted is a value on one line, bytes in base64.
func quoted(c sync.Content) string {
	if c.Binary {
		return "base64 " + shown(c)
	}
	return strconv.Quote(c.Value.Reveal())
}

// since says when the store's value was written, and as which version, where
// the two sides differ.
func since(c sync.Change) string {
	if c.Kind == sync.InSync || c.Held.Version == "" || c.Held.Changed.IsZero() {
		return ""
	}
	return fmt.Sprintf("AWS: %s, version %.8s", c.Held.Changed.UTC().Format("2006-01-02 15:04"), c.Held.Version)
}

// from names the variables that a value comes from.
func from(w sync.Want) string {
	if len(w.Variables) == 0 {
		return ""
	}
	return "from var." + strings.Join(w.Variables, ", var.")
}

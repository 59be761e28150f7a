package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"hci/internal/compare"
	"hci/sync"
)

type historyRequest struct {
	showValues, asJSON, state bool
	last                      int
}

func newHistory(a *app) *cobra.Command {
	var r historyRequest
	cmd := &cobra.Command{
		Use:   "history ENV NAME",
		Short: "List the versions of a secret that AWS Secrets Manager keeps",
		Long: `List the versions of a secret that AWS Secrets Manager keeps, the newest first:
when each was written, its staging labels, and what differs from the version
before. Of JSON objects the keys are named. Values are never shown unless
--show-values asks. Who wrote a version is asked of CloudTrail, which keeps it for
90 days; where it may not be read, that is said. Of a parameter AWS tells it itself.

'hci secrets rollback ENV NAME --to VERSION' makes one the current one again.`,
		Example: `  hci secrets history production app/db
  hci secrets rollback production app/db --to 4f1c2a90`,
		Args:              between(2, 2),
		ValidArgsFunction: a.envNames,
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.secretHistory(cmd.Context(), args[0], args[1], r)
		},
	}
	cmd.Flags().BoolVar(&r.showValues, "show-values", false, "show the values")
	cmd.Flags().IntVar(&r.last, "last", 20, "list the `N` newest versions only; 0 means all")
	stateFlag(cmd, &r.state)
	jsonFlag(cmd, &r.asJSON)
	return cmd
}

// secretHistoryReport is the JSON form of a history.
type secretHistoryReport struct {
	Schema      int    `json:"schema"`
	Environment string `json:"environment"`
	Name        string `json:"name"`
	placeReport
	Versions []secretVersionReport `json:"versions"` // the newest first
}

type secretVersionReport struct {
	Version string      `json:"version"`
	Made    time.Time   `json:"made"`
	Labels  []string    `json:"labels"`
	By      string      `json:"by,omitempty"` // who wrote it, as far as AWS tells
	Change  string      `json:"change"`       // first, same, same_json, kind, changed, unknown
	Keys    []keyReport `json:"keys,omitempty"`
	Binary  bool        `json:"binary,omitempty"`
	Value   *string     `json:"value,omitempty"` // with --show-values; bytes are in base64
	Error   string      `json:"error,omitempty"`
}

// versioned is a secret and the versions of it that are kept.
type versioned struct {
	want  sync.Want
	store sync.Versions
	all   []sync.Version
}

// versions finds a declared secret, and its versions, by its name in AWS.
func (a *app) versions(ctx context.Context, d *compare.Desired, name string) (*versioned, error) {
	if err := a.comparing().Find(ctx, d); err != nil {
		return nil, err
	}
	if err := knownSecrets([]string{name}, d.Names()); err != nil {
		return nil, err
	}
	var found []versioned
	for _, w := range d.Wants {
		if w.Name != name {
			continue
		}
		store, ok := d.StoreAt(w.Place).(sync.Versions)
		if !ok {
			return nil, fmt.Errorf("secret %q: its place was not opened", name)
		}
		all, err := store.Versions(ctx, name)
		if err != nil {
			return nil, err
		}
		found = append(found, versioned{w, store, all})
	}
	if len(found) != 1 {
		return nil, fmt.Errorf("secret %q: there are %d of this name, in several places", name, len(found))
	}
	return &found[0], nil
}

func (a *app) secretHistory(ctx context.Context, env, name string, r historyRequest) error {
	d, err := a.desired(ctx, env, compare.Options{State: r.state})
	if err != nil {
		return err
	}
	done := a.waiting("asking AWS for the versions of " + name)
	s, err := a.versions(ctx, d, name)
	done()
	if err != nil {
		return err
	}
	shown, complete := s.all, true
	if r.last > 0 && len(shown) > r.last {
		shown, complete = shown[:r.last+1], false // the one more is there to compare with
	}
	if err := s.store.ReadVersions(ctx, name, shown); err != nil {
		return err
	}
	differences := sync.DiffVersions(shown, complete)
	if !complete {
		shown, differences = shown[:r.last], differences[:r.last]
	}
	a.writers(ctx, d.At(s.want.Place), shown)
	report := secretHistoryReport{Schema: planSchema, Environment: d.Env.Name, Name: name, placeReport: newPlaceReport(d.At(s.want.Place)), Versions: []secretVersionReport{}}
	for i, v := range shown {
		report.Versions = append(report.Versions, newSecretVersionReport(v, differences[i], r.showValues))
	}
	if r.asJSON {
		return a.printJSON(report)
	}
	a.unpaged = r.showValues
	if err := a.printVersions(report); err != nil {
		return err
	}
	if !complete {
		a.sayf("%d older versions are not shown; --last 0 lists all", len(s.all)-len(shown))
	}
	return nil
}

func newSecretVersionReport(v sync.Version, d sync.Difference, showValues bool) secretVersionReport {
	r := secretVersionReport{Version: v.ID, Made: v.Made.UTC(), By: v.By, Labels: append([]string{}, v.Labels...), Binary: v.Content.Binary, Change: "changed"}
	slices.Sort(r.Labels)
	switch {
	case d.First:
		r.Change = "first"
	case d.Err != nil:
		r.Change, r.Error = "unknown", d.Err.Error()
	case d.Same:
		r.Change = "same"
	case d.JSON:
		r.Change = "same_json"
	case d.Kind:
		r.Change = "kind"
	}
	for _, k := range d.Keys {
		r.Keys = append(r.Keys, keyReport{Key: k.Key, Change: k.Kind.String()})
	}
	if showValues && v.HasValue {
		text := shown(v.Content)
		r.Value = &text
	}
	return r
}

func (a *app) printVersions(r secretHistoryReport) error {
	var table strings.Builder
	w := tabwriter.NewWriter(&table, 0, 0, 2, ' ', 0)
	for _, v := range r.Versions {
		by := ""
		if v.By != "" {
			by = "by " + v.By[strings.LastIndexByte(v.By, ':')+1:]
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", v.Version, v.Made.Format("2006-01-02 15:04:05"), strings.Join(v.Labels, ", "), v.inWords(), by)
		if v.Value != nil {
			value := fmt.Sprintf("%q", *v.Value)
			if v.Binary {
				value = "base64 " + *v.Value
			}
			fmt.Fprintf(w, "    %s\n", value)
		}
	}
	if err := w.Flush(); err != nil {
		return err
	}
	return a.table(table.String())
}

// inWords says what differs from the version before.
func (v secretVersionReport) inWords() string {
	switch v.Change {
	case "first":
		return "the oldest that is kept"
	case "same":
		return "the same value"
	case "same_json":
		return "the same JSON, written differently"
	case "kind":
		if v.Binary {
			return "bytes; a text before"
		}
		return "a text; bytes before"
	case "unknown":
		return "what differs is not known: " + v.Error
	}
	if len(v.Keys) == 0 {
		return "value changed"
	}
	keys := make([]string, len(v.Keys))
	for i, k := range v.Keys {
		keys[i] = k.Key + " " + k.Change
	}
	return strings.Join(keys, ", ")
}

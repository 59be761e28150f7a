package main

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"

	"hci/sync"
)

// withReport is the JSON form of two environments compared.
type withReport struct {
	Schema       int          `json:"schema"`
	Environments [2]string    `json:"environments"`
	Same         bool         `json:"same"`
	Secrets      []pairReport `json:"secrets"`
}

type pairReport struct {
	Address string     `json:"address"`
	Names   [2]string  `json:"names"`            // "" where it isn't declared, or its name is not known
	Result  string     `json:"result"`           // same, differs, missing, unknown
	Values  *[2]string `json:"values,omitempty"` // with --show-values, where both are known
}

// pair is a secret in two environments.
type pair struct {
	address string
	wants   [2]*sync.Want
}

// result says how the two relate.
func (p pair) result() string {
	a, b := p.wants[0], p.wants[1]
	switch {
	case a == nil || b == nil:
		return "missing"
	case a.Status != sync.Known || b.Status != sync.Known:
		return "unknown"
	case a.Value.Equal(b.Value):
		return "same"
	default:
		return "differs"
	}
}

// diffWith compares what two environments declare, without asking AWS.
func (a *app) diffWith(ctx context.Context, name string, r diffRequest) error {
	names := [2]string{name, r.with}
	byAddress := map[string]*pair{}
	for i, name := range names {
		d, err := a.desired(ctx, name, r.Options)
		if err != nil {
			return err
		}
		wants := slices.Clone(d.Wants)
		for _, u := range d.Unnamed {
			wants = append(wants, u.Want)
		}
		for _, w := range wants {
			if byAddress[w.Address] == nil {
				byAddress[w.Address] = &pair{address: w.Address}
			}
			byAddress[w.Address].wants[i] = &w
		}
	}
	var pairs []pair
	for _, address := range slices.Sorted(maps.Keys(byAddress)) {
		pairs = append(pairs, *byAddress[address])
	}
	var err error
	if r.asJSON {
		err = a.printJSON(newWithReport(names, pairs, r.showValues))
	} else {
		err = a.printPairs(names, pairs, r.showValues)
	}
	if err != nil {
		return err
	}
	a.warnShared(names, pairs)
	if slices.ContainsFunc(pairs, func(p pair) bool { return p.result() != "same" }) {
		return errDifferences
	}
	return nil
}

func newWithReport(names [2]string, pairs []pair, showValues bool) withReport {
	r := withReport{Schema: planSchema, Environments: names, Same: true, Secrets: []pairReport{}}
	for _, p := range pairs {
		one := pairReport{Address: p.address, Result: p.result()}
		r.Same = r.Same && one.Result == "same"
		for i, w := range p.wants {
			if w != nil {
				one.Names[i] = w.Name
			}
		}
		if showValues && (one.Result == "same" || one.Result == "differs") {
			one.Values = &[2]string{p.wants[0].Value.Reveal(), p.wants[1].Value.Reveal()}
		}
		r.Secrets = append(r.Secrets, one)
	}
	return r
}

var pairSigns = map[string]string{"same": "=", "differs": "~", "missing": "!", "unknown": "?"}

func (a *app) printPairs(names [2]string, pairs []pair, showValues bool) error {
	var table strings.Builder
	w := tabwriter.NewWriter(&table, 0, 0, 2, ' ', 0)
	counts := map[string]int{}
	for _, p := range pairs {
		result := p.result()
		counts[result]++
		fmt.Fprintf(w, "%s %s\t%s\n", pairSigns[result], shortAddress(p.address), p.explain(names))
		if showValues && (result == "same" || result == "differs") {
			for i := range names {
				fmt.Fprintf(w, "    %s %s\n", names[i], strconv.Quote(p.wants[i].Value.Reveal()))
			}
		}
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if err := a.printSigned(table.String()); err != nil {
		return err
	}
	var parts []string
	for _, result := range []string{"same", "differs", "missing", "unknown"} {
		if counts[result] > 0 {
			word := result
			if result == "differs" && counts[result] > 1 {
				word = "differ"
			}
			parts = append(parts, fmt.Sprintf("%d %s", counts[result], word))
		}
	}
	_, err := fmt.Fprintf(a.out, "%s and %s: %s\n", names[0], names[1], cmp.Or(strings.Join(parts, ", "), "no secrets are declared"))
	return err
}

// explain says how the two relate, in words.
func (p pair) explain(names [2]string) string {
	switch p.result() {
	case "missing":
		if p.wants[0] == nil {
			return "not in " + names[0]
		}
		return "not in " + names[1]
	case "unknown":
		for i, w := range p.wants {
			if w.Status != sync.Known {
				return names[i] + ": " + wantReason(*w)
			}
		}
	case "same":
		return "the same value in both"
	}
	return "differs"
}

// warnShared warns about values that production shares with another
// environment: who can read the one can read the other.
func (a *app) warnShared(names [2]string, pairs []pair) {
	var shared []string
	for _, p := range pairs {
		if p.result() == "same" {
			shared = append(shared, shortAddress(p.address))
		}
	}
	if len(shared) > 0 && names[0] != names[1] {
		a.sayf("warning: %s and %s share the value of %s; whoever knows it in one knows it in the other", names[0], names[1], strings.Join(shared, ", "))
	}
}

// shortAddress leaves out of an address what all of them have in common.
func shortAddress(address string) string {
	return strings.Replace(address, "aws_secretsmanager_secret.", "", 1)
}

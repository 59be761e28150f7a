package main

import (
	"fmt"
	"strings"

	"hci/sync"
)

// sign is the first column of a plan.
func sign(k sync.Kind) string {
	switch k {
	case sync.InSync:
		return "="
	case sync.Add:
		return "+"
	case sync.Differs:
		return "~"
	case sync.Orphan:
		return "-"
	case sync.ValueUnknown, sync.ValueIgnored, sync.ValueUndeclared:
		return "?"
	default:
		return "!"
	}
}

// reason says what differs, never a value.
func reason(c sync.Change) string {
	switch c.Kind {
	case sync.InSync:
		return "in sync"
	case sync.Add:
		return "no value yet"
	case sync.Missing:
		return "not in Secrets Manager"
	case sync.PendingDeletion:
		return "scheduled for deletion since " + c.Held.Deleted.UTC().Format("2006-01-02")
	case sync.Orphan:
		return "declared nowhere"
	case sync.Unreadable:
		return fmt.Sprintf("cannot be read: %v", c.Held.Err)
	case sync.Differs:
		return differs(c)
	default:
		return wantReason(c.Want)
	}
}

func differs(c sync.Change) string {
	switch {
	case c.Held.Binary:
		return "holds a binary value"
	case c.SameJSON:
		return "the same JSON, written differently"
	case len(c.Keys) == 0:
		return "value differs"
	}
	keys := make([]string, len(c.Keys))
	for i, k := range c.Keys {
		keys[i] = k.Key + " " + k.Kind.String()
	}
	return strings.Join(keys, ", ")
}

// wantReason says why there is no value to compare with.
func wantReason(w sync.Want) string {
	switch w.Status {
	case sync.NoValue:
		return "no value is declared"
	case sync.Ignored:
		return "Terraform ignores its value"
	case sync.Unknown:
		if len(w.Unknown) == 0 {
			return "its value is not known"
		}
		return "known after apply: " + strings.Join(w.Unknown, ", ")
	}
	return ""
}

// count sums up a plan in one line.
func count(env string, p sync.Plan) string {
	var parts []string
	for _, k := range []struct {
		kind sync.Kind
		text string
	}{
		{sync.InSync, "in sync"}, {sync.Add, "without a value"}, {sync.Differs, "to change"},
		{sync.Missing, "not there"}, {sync.PendingDeletion, "scheduled for deletion"},
		{sync.ValueUnknown, "unknown"}, {sync.ValueIgnored, "ignored"}, {sync.ValueUndeclared, "without a declared value"},
		{sync.Unreadable, "unreadable"}, {sync.Orphan, "declared nowhere"},
	} {
		if n := p.Count(k.kind); n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, k.text))
		}
	}
	if len(parts) == 0 {
		parts = []string{"no secrets are declared"}
	}
	return env + ": " + strings.Join(parts, ", ")
}

// nextCommand says on stderr what brings an environment in line.
func (a *app) nextCommand(d *desired, p sync.Plan) {
	if p.Count(sync.Add)+p.Count(sync.Differs) > 0 {
		a.sayf("'hci secrets push %s' writes what differs", d.env.Name)
	}
	if p.Count(sync.Missing) > 0 {
		a.sayf("'terraform apply' in %s, workspace %s, creates what is not there; 'hci secrets push %s --create' makes it as well",
			a.rel(a.found.TerraformDir), d.env.Workspace, d.env.Name)
	}
	if p.Count(sync.PendingDeletion) > 0 {
		a.sayf("'hci secrets push %s --restore' takes the deletion back", d.env.Name)
	}
}

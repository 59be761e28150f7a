package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"hci/internal/compare"
	"hci/sync"
	"hci/tfvars/module"
)

// sign is the first column of a plan.
func sign(k sync.Kind) string {
	switch k {
	case sync.InSync, sync.NoPrevious:
		return "="
	case sync.Add, sync.Missing:
		return "+"
	case sync.Differs:
		return "~"
	case sync.Orphan:
		return "-"
	case sync.Agrees:
		return ":"
	case sync.Revert:
		return "<"
	case sync.Owned:
		return "@"
	case sync.PartDiffers:
		return "~"
	case sync.ValueUnknown, sync.ValueIgnored, sync.ValueUndeclared:
		return "?"
	default:
		return "!"
	}
}

// reason says what differs, never a value, and who else owns it.
func reason(c sync.Change) string {
	text := reasonAlone(c)
	switch owner := c.Owner(); {
	case c.Kind == sync.Owned || c.Kind == sync.Unreadable || owner.Kind == "":
		return text
	default:
		return fmt.Sprintf("%s; its value is %s", text, owner)
	}
}

func reasonAlone(c sync.Change) string {
	switch c.Kind {
	case sync.InSync:
		return "in sync"
	case sync.Add:
		return "no value yet"
	case sync.Missing:
		if len(c.Want.Meta.Replicas) > 0 {
			return "not in Secrets Manager; only Terraform makes it with its replicas in " + strings.Join(c.Want.Meta.Replicas, ", ")
		}
		if c.IsParameter() {
			return "not in the Parameter Store"
		}
		return "not in Secrets Manager"
	case sync.PendingDeletion:
		return "scheduled for deletion since " + c.Held.Deleted.UTC().Format("2006-01-02")
	case sync.Orphan:
		return "declared nowhere"
	case sync.Owned:
		return fmt.Sprintf("its value is %s; %s", c.Owner(), differs(c))
	case sync.Unreadable:
		return fmt.Sprintf("cannot be read: %v", c.Held.Err)
	case sync.Differs:
		return differs(c)
	case sync.Agrees:
		return "agrees as far as it is known" + awaiting(c.Want)
	case sync.PartDiffers:
		return differs(c) + "; the rest is not known" + awaiting(c.Want)
	case sync.Revert:
		return revert(c)
	case sync.NoPrevious:
		return "has no earlier value"
	default:
		return wantReason(c.Want)
	}
}

// awaiting names what would have to be known.
func awaiting(w sync.Want) string {
	if len(w.Unknown) == 0 {
		return ""
	}
	return ": " + strings.Join(w.Unknown, ", ")
}

func revert(c sync.Change) string {
	to := fmt.Sprintf("back to version %.8s", c.To)
	if c.OtherKind() {
		to += fmt.Sprintf(", which holds %s; now it holds %s", c.Want.Content().Kind(), c.Held.Content().Kind())
	}
	if len(c.Keys) > 0 {
		return to + ": " + differs(c)
	}
	return to
}

func differs(c sync.Change) string {
	switch {
	case c.OtherKind():
		return fmt.Sprintf("holds %s, the code makes %s", c.Held.Content().Kind(), c.Want.Content().Kind())
	case c.Held.Binary:
		return "bytes differ"
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
		return module.Waits(w.Unknown)
	}
	return ""
}

// count sums up a plan in one line.
func count(d *compare.Desired, p sync.Plan) string {
	var parts []string
	for _, k := range []struct {
		kind sync.Kind
		text string
	}{
		{sync.InSync, "in sync"}, {sync.Add, "without a value"}, {sync.Differs, "to change"},
		{sync.Missing, "not there"}, {sync.PendingDeletion, "scheduled for deletion"},
		{sync.PartDiffers, "different in what is known"}, {sync.Agrees, "in agreement as far as known"},
		{sync.Revert, "to roll back"}, {sync.NoPrevious, "without an earlier value"}, {sync.ValueUnknown, "unknown"}, {sync.ValueIgnored, "ignored"}, {sync.ValueUndeclared, "without a declared value"},
		{sync.Owned, "rotated or managed by others"}, {sync.Unreadable, "unreadable"}, {sync.Orphan, "declared nowhere"},
	} {
		if n := p.Count(k.kind); n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, k.text))
		}
	}
	incomplete := len(d.Incomplete()) > 0
	switch {
	case len(parts) == 0 && incomplete:
		parts = []string{"incomplete, and no secrets were seen"}
	case len(parts) == 0:
		parts = []string{"no secrets are declared"}
	case incomplete:
		parts = append(parts, "incomplete")
	}
	return d.Env.Name + ": " + strings.Join(parts, ", ")
}

// nextCommand says on stderr what brings an environment in line.
func (a *app) nextCommand(d *compare.Desired, p sync.Plan) {
	kinds := 0
	for _, c := range p.Changes {
		if c.Kind == sync.Differs && c.OtherKind() {
			kinds++
		}
	}
	if kinds > 0 {
		a.sayf("'hci secrets push %s --replace-binary' writes also a text where bytes are, and bytes where a text is", d.Env.Name)
	}
	if p.Count(sync.Add)+p.Count(sync.Differs) > kinds {
		a.sayf("'hci secrets push %s' writes what differs", d.Env.Name)
	}
	if p.Count(sync.Owned) > 0 {
		a.sayf("'hci secrets push %s --rotated NAME' writes the value of NAME all the same", d.Env.Name)
	}
	if p.Count(sync.Missing) > 0 {
		a.sayf("'hci tf %s apply' creates what is not there; 'hci secrets push %s --create' makes it as well", d.Env.Name, d.Env.Name)
	}
	if !d.State && slices.ContainsFunc(p.Changes, func(c sync.Change) bool {
		return (c.Kind == sync.ValueUnknown || c.Kind == sync.PartDiffers) && slices.ContainsFunc(c.Want.Unknown, module.Later)
	}) {
		a.sayf("--state takes what is not known from terraform's state")
	}
	for _, c := range p.Changes {
		var e nexter
		if c.Kind == sync.Unreadable && errors.As(c.Held.Err, &e) && e.Next() != "" {
			a.sayf("%s: %s", c.Name, e.Next())
		}
	}
	if p.Count(sync.Orphan) > 0 {
		a.sayf("'hci secrets push %s --prune' schedules for deletion what is declared nowhere", d.Env.Name)
	}
	if p.Count(sync.PendingDeletion) > 0 {
		a.sayf("'hci secrets push %s --restore' takes the deletion back", d.Env.Name)
	}
}

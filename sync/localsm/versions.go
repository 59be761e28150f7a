package localsm

import (
	"fmt"
	"slices"
	"time"

	"hci/sync/secret"
)

// The staging labels that the service itself moves.
const (
	labelCurrent  = "AWSCURRENT"
	labelPrevious = "AWSPREVIOUS"
)

// version is one value of a secret. Versions are never changed, only labelled.
type version struct {
	id                string
	seq               int
	value             secret.Value
	binary            bool
	kmsKey            string
	created, accessed time.Time
	labels            []string // sorted
}

// byID returns the version with this id, or nil.
func (e *entry) byID(id string) *version {
	for _, v := range e.versions {
		if v.id == id {
			return v
		}
	}
	return nil
}

// holder returns the version that a label is attached to, or nil.
func (e *entry) holder(label string) *version {
	for _, v := range e.versions {
		if slices.Contains(v.labels, label) {
			return v
		}
	}
	return nil
}

func (e *entry) detach(label string) {
	if v := e.holder(label); v != nil {
		v.labels = slices.DeleteFunc(v.labels, func(l string) bool { return l == label })
	}
}

// attach moves a label to v. AWSPREVIOUS follows AWSCURRENT to the version
// that had it.
func (e *entry) attach(label string, v *version) {
	before := e.holder(label)
	if before == v {
		return
	}
	e.detach(label)
	v.labels = append(v.labels, label)
	slices.Sort(v.labels)
	if label == labelCurrent && before != nil {
		e.attach(labelPrevious, before)
	}
}

// add appends a version and moves the labels to it. A secret's first version
// gets AWSCURRENT in any case.
func (e *entry) add(v *version, labels []string, now time.Time) {
	if len(e.versions) == 0 && !slices.Contains(labels, labelCurrent) {
		labels = append(slices.Clone(labels), labelCurrent)
	}
	e.versionSeq++
	v.seq, v.created, v.kmsKey = e.versionSeq, now, e.kmsKey
	e.versions = append(e.versions, v)
	for _, l := range labels {
		e.attach(l, v)
	}
	e.changed = now
	e.prune(now)
}

// prune removes the oldest unlabelled versions beyond the newest hundred,
// except those of the last 24 hours.
func (e *entry) prune(now time.Time) {
	for len(e.versions) > maxVersions {
		i := slices.IndexFunc(e.versions, func(v *version) bool {
			return len(v.labels) == 0 && now.Sub(v.created) >= 24*time.Hour
		})
		if i < 0 {
			return
		}
		e.versions = slices.Delete(e.versions, i, i+1)
	}
}

// roomFor checks the quota of labels that would be attached across all of the
// secret's versions.
func (e *entry) roomFor(labels []string) *fault {
	all := slices.Clone(labels)
	for _, v := range e.versions {
		all = append(all, v.labels...)
	}
	slices.Sort(all)
	if len(slices.Compact(all)) > maxLabels {
		return fail(limitExceeded, "A secret can't have more than %d staging labels attached across all of its versions.", maxLabels)
	}
	return nil
}

// stages is the map of labelled versions in DescribeSecret and ListSecrets.
func (e *entry) stages() map[string][]string {
	m := make(map[string][]string)
	for _, v := range e.versions {
		if len(v.labels) > 0 {
			m[v.id] = slices.Clone(v.labels)
		}
	}
	return m
}

func (c *call) updateSecretVersionStage() (any, *fault) {
	id := c.p.secretID()
	c.p.need("VersionStage")
	label := c.p.text("VersionStage", 1, maxLabel)
	from := c.p.text("RemoveFromVersionId", minToken, maxToken)
	to := c.p.text("MoveToVersionId", minToken, maxToken)
	e, err := c.live(id)
	if err != nil {
		return nil, err
	}
	if from == "" && to == "" {
		return nil, fail(invalidParameter, "You must provide MoveToVersionId, RemoveFromVersionId, or both.")
	}
	for _, v := range []string{from, to} {
		if v != "" && e.byID(v) == nil {
			return nil, fail(resourceNotFound, "Secrets Manager can't find the specified secret version: %s.", v)
		}
	}
	if to == "" {
		err = e.removeLabel(label, from)
	} else {
		err = e.moveLabel(label, from, to)
	}
	if err != nil {
		return nil, err
	}
	e.changed = c.now
	e.prune(c.now)
	return e.ref(), nil
}

func (e *entry) removeLabel(label, from string) *fault {
	if label == labelCurrent {
		return fail(invalidParameter, "You can only move staging label %s to a different secret version. It can't be completely removed.", label)
	}
	if v := e.holder(label); v == nil || v.id != from {
		return fail(invalidParameter, "The staging label %s isn't attached to version %s.", label, from)
	}
	e.detach(label)
	return nil
}

// moveLabel is a compare-and-swap: a label that is attached to another version
// moves only if the request names that version.
func (e *entry) moveLabel(label, from, to string) *fault {
	holder, target := e.holder(label), e.byID(to)
	switch {
	case holder == nil && from != "":
		return fail(invalidParameter, "The staging label %s isn't attached to version %s.", label, from)
	case holder != nil && holder != target && from == "":
		return fail(invalidParameter, "The parameter RemoveFromVersionId can't be empty. Staging label %s is currently attached to version %s, so you must explicitly reference that version in RemoveFromVersionId.", label, holder.id)
	case holder != nil && from != "" && from != holder.id:
		return fail(invalidParameter, "When you move staging label %s, if you specify RemoveFromVersionId, it must be set to the version that currently has the staging label %s.", label, label)
	}
	if err := e.roomFor([]string{label}); err != nil {
		return err
	}
	e.attach(label, target)
	return nil
}

type versionOut struct {
	VersionID        string   `json:"VersionId"`
	VersionStages    []string `json:",omitempty"`
	LastAccessedDate stamp    `json:",omitzero"`
	CreatedDate      stamp
	KmsKeyIDs        []string `json:"KmsKeyIds"`
}

func (c *call) listSecretVersionIDs() (any, *fault) {
	id := c.p.secretID()
	n := c.p.number("MaxResults", 1, 100, 100)
	all := c.p.flag("IncludeDeprecated")
	token := c.p.text("NextToken", 1, maxNextToken)
	e, err := c.known(id)
	if err != nil {
		return nil, err
	}
	var shown []*version
	for _, v := range e.versions {
		if all || len(v.labels) > 0 {
			shown = append(shown, v)
		}
	}
	order := func(v *version) place { return place{Seq: v.seq} }
	shown, next, err := page(c.Server, fmt.Sprint("versions ", e.arn, all), token, shown, order, false, n)
	if err != nil {
		return nil, err
	}
	out := struct {
		secretRef
		Versions  []versionOut
		NextToken string `json:",omitempty"`
	}{e.ref(), []versionOut{}, next}
	for _, v := range shown {
		key := v.kmsKey
		if key == "" {
			key = "DefaultEncryptionKey"
		}
		out.Versions = append(out.Versions, versionOut{v.id, slices.Clone(v.labels), stamp{v.accessed}, stamp{v.created}, []string{key}})
	}
	return out, nil
}

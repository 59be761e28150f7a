package localsm

import (
	"slices"
	"time"

	"hci/sync/secret"
)

// pick finds the version that GetSecretValue means.
func (e *entry) pick(id, label string) (*version, *fault) {
	if id == "" {
		if label == "" {
			label = labelCurrent
		}
		if v := e.holder(label); v != nil {
			return v, nil
		}
		return nil, fail(resourceNotFound, "Secrets Manager can't find the specified secret value for staging label: %s", label)
	}
	v := e.byID(id)
	if v == nil {
		return nil, fail(resourceNotFound, "Secrets Manager can't find the specified secret value for VersionId: %s", id)
	}
	if label != "" && !slices.Contains(v.labels, label) {
		return nil, fail(invalidRequest, "You provided a VersionStage that is not associated to the provided VersionId.")
	}
	return v, nil
}

// valueOut is what GetSecretValue and BatchGetSecretValue say of a version.
type valueOut struct {
	ARN           string
	Name          string
	VersionID     string  `json:"VersionId"`
	SecretString  *string `json:",omitempty"`
	SecretBinary  []byte  `json:",omitempty"`
	VersionStages []string
	CreatedDate   stamp
}

// open reads a version's value out, and notes the date that it was read.
func (e *entry) open(v *version, now time.Time) valueOut {
	e.accessed = now.Truncate(24 * time.Hour)
	v.accessed = e.accessed
	out := valueOut{ARN: e.arn, Name: e.name, VersionID: v.id, VersionStages: slices.Clone(v.labels), CreatedDate: stamp{v.created}}
	if text := v.value.Reveal(); v.binary {
		out.SecretBinary = []byte(text)
	} else {
		out.SecretString = &text
	}
	return out
}

func (c *call) getSecretValue() (any, *fault) {
	id := c.p.secretID()
	versionID := c.p.text("VersionId", minToken, maxToken)
	label := c.p.text("VersionStage", 1, maxLabel)
	e, err := c.live(id)
	if err != nil {
		return nil, err
	}
	v, err := e.pick(versionID, label)
	if err != nil {
		return nil, err
	}
	return e.open(v, c.now), nil
}

// newVersion reads the value and the token that becomes the version's id; nil
// without a value. A token is required with a value, and only then.
func (c *call) newVersion() (*version, *fault) {
	token := c.p.text("ClientRequestToken", minToken, maxToken)
	var text string
	var raw []byte
	hasText, hasRaw := c.p.read("SecretString", &text), c.p.read("SecretBinary", &raw)
	v := &version{id: token, value: secret.New(text)}
	switch {
	case hasText:
		c.p.length("", "SecretString", len(text), 1, maxValue)
	case hasRaw:
		v.value, v.binary = secret.New(string(raw)), true
		c.p.length("", "SecretBinary", len(raw), 1, maxValue)
	default:
		return nil, c.p.verdict()
	}
	if err := c.p.verdict(); err != nil {
		return nil, err
	}
	if hasText && hasRaw {
		return nil, fail(invalidParameter, "You can't specify both a binary secret value and a string secret value in the same secret.")
	}
	if token == "" {
		return nil, fail(invalidRequest, "You must provide a ClientRequestToken value. We recommend a UUID-type value.")
	}
	return v, nil
}

func (e *entry) tokenInUse(token string) *fault {
	return fail(resourceExists, "You can't use ClientRequestToken %s because that value is already in use for a version of secret %s.", token, e.arn)
}

// repeats reports whether v has been written before: its id is taken by the
// same value. An id that is taken by another value is an error.
func (e *entry) repeats(v *version) (bool, *fault) {
	old := e.byID(v.id)
	if old == nil {
		return false, nil
	}
	if old.binary != v.binary || !old.value.Equal(v.value) {
		return false, e.tokenInUse(v.id)
	}
	return true, nil
}

type putOut struct {
	secretRef
	VersionID     string `json:"VersionId"`
	VersionStages []string
}

func (c *call) putSecretValue() (any, *fault) {
	c.p.refuse("RotationToken")
	id := c.p.secretID()
	labels := c.p.texts("VersionStages", maxLabels, 1, maxLabel)
	v, err := c.newVersion()
	if err != nil {
		return nil, err
	}
	e, err := c.live(id)
	if err != nil {
		return nil, err
	}
	if v == nil {
		return nil, fail(invalidRequest, "You must provide either SecretString or SecretBinary.")
	}
	again, err := e.repeats(v)
	if err != nil {
		return nil, err
	}
	if labels == nil {
		labels = []string{labelCurrent}
	}
	if !again {
		if err := e.roomFor(labels); err != nil {
			return nil, err
		}
		e.add(v, labels, c.now)
	}
	return putOut{e.ref(), v.id, slices.Clone(e.byID(v.id).labels)}, nil
}

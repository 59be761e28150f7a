package localsm

import (
	"crypto/rand"
	"math/big"
	"slices"
	"strings"
	"time"
)

// entry is one secret.
type entry struct {
	name, arn, description, kmsKey string
	settings

	seq                        int
	tags                       []tag
	created, changed, accessed time.Time
	deleted, purge             time.Time // when deletion was requested and when it becomes final
	versions                   []*version
	versionSeq                 int
}

type tag struct{ Key, Value string }

// secretRef starts most answers.
type secretRef struct{ ARN, Name string }

func (e *entry) ref() secretRef { return secretRef{e.arn, e.name} }

const suffixLetters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

// newARN returns an ARN for a secret of this name; six random characters keep
// it apart from those of earlier secrets of the name.
func (s *Server) newARN(name string) string {
	suffix := make([]byte, 6)
	for i := range suffix {
		suffix[i] = suffixLetters[randomInt(len(suffixLetters))]
	}
	return s.arnPrefix + name + "-" + string(suffix)
}

func (s *Server) newEntry(name string, now time.Time) *entry {
	s.seq++
	return &entry{name: name, arn: s.newARN(name), seq: s.seq, created: now, changed: now}
}

// find looks a secret up by name, complete ARN, or ARN without the suffix. An
// ARN that ends as a complete one does is taken for one, which is why names
// should not end so ("Finding a secret from a partial ARN").
func (s *Server) find(id string, now time.Time) *entry {
	name := id
	complete := false
	if strings.HasPrefix(id, "arn:") {
		var ours bool
		if name, ours = strings.CutPrefix(id, s.arnPrefix); !ours {
			return nil
		}
		if complete = arnEnd().MatchString(name); complete {
			name = name[:len(name)-len("-XXXXXX")]
		}
	}
	e := s.secrets[name]
	if e == nil || complete && e.arn != id {
		return nil
	}
	if !e.purge.IsZero() && !now.Before(e.purge) {
		delete(s.secrets, name)
		return nil
	}
	return e
}

// known finishes the reading of parameters and finds the secret, which may be
// pending deletion.
func (c *call) known(id string) (*entry, *fault) {
	if err := c.p.verdict(); err != nil {
		return nil, err
	}
	if e := c.find(id, c.now); e != nil {
		return e, nil
	}
	return nil, fail(resourceNotFound, secretNotFoundMsg)
}

// live is known, for what a pending deletion rules out.
func (c *call) live(id string) (*entry, *fault) {
	e, err := c.known(id)
	if err == nil && !e.purge.IsZero() {
		return nil, fail(invalidRequest, pendingMsg)
	}
	return e, err
}

type writeOut struct {
	secretRef
	VersionID string `json:"VersionId,omitempty"`
}

func (c *call) createSecret() (any, *fault) {
	c.p.refuse("Type")
	copies := c.newReplicas()
	c.p.need("Name")
	name := c.p.text("Name", 1, maxName)
	description := c.p.text("Description", 0, maxDescription)
	kmsKey := c.p.text("KmsKeyId", 0, maxKMSKey)
	tags := c.p.tags("Tags")
	v, err := c.newVersion()
	if err != nil {
		return nil, err
	}
	if !nameIsValid(name) {
		return nil, fail(validation, invalidNameMsg)
	}
	if err := checkTags(tags, tags); err != nil {
		return nil, err
	}
	if e := c.find(name, c.now); e != nil {
		return createAgain(e, v)
	}
	e := c.newEntry(name, c.now)
	e.description, e.tags = description, tags
	e.setKMSKey(kmsKey)
	if err := e.replicate(c.o.Region, copies); err != nil {
		return nil, err
	}
	c.secrets[name] = e
	if v == nil {
		return writeOut{e.ref(), ""}, nil
	}
	e.add(v, []string{labelCurrent}, c.now)
	return writeOut{e.ref(), v.id}, nil
}

// createAgain answers a CreateSecret for a name that is taken: it is a retry
// if the token and the value are the same.
func createAgain(e *entry, v *version) (any, *fault) {
	if !e.purge.IsZero() {
		return nil, fail(invalidRequest, "You can't create this secret because a secret with this name is already scheduled for deletion.")
	}
	if v != nil {
		if again, err := e.repeats(v); err != nil {
			return nil, err
		} else if again {
			return writeOut{e.ref(), v.id}, nil
		}
	}
	return nil, fail(resourceExists, "The operation failed because the secret %s already exists.", e.name)
}

// setKMSKey keeps a key id; the default key is never shown.
func (e *entry) setKMSKey(id string) {
	if id == "alias/aws/secretsmanager" {
		id = ""
	}
	e.kmsKey = id
}

func (c *call) updateSecret() (any, *fault) {
	c.p.refuse("Type")
	id := c.p.secretID()
	description := c.p.text("Description", 0, maxDescription)
	kmsKey := c.p.text("KmsKeyId", 0, maxKMSKey)
	v, err := c.newVersion()
	if err != nil {
		return nil, err
	}
	e, err := c.live(id)
	if err != nil {
		return nil, err
	}
	if v != nil && e.byID(v.id) != nil {
		return nil, e.tokenInUse(v.id) // even for the same value
	}
	if v != nil {
		if err := e.roomFor([]string{labelCurrent}); err != nil {
			return nil, err
		}
	}
	if c.p.has("Description") {
		e.description = description
	}
	if c.p.has("KmsKeyId") {
		e.setKMSKey(kmsKey)
	}
	e.changed = c.now
	if v == nil {
		return writeOut{e.ref(), ""}, nil
	}
	e.add(v, []string{labelCurrent}, c.now)
	return writeOut{e.ref(), v.id}, nil
}

// details is what DescribeSecret and ListSecrets have in common. A member
// without a value is left out.
type details struct {
	secretRef
	Description      string `json:",omitempty"`
	KmsKeyID         string `json:"KmsKeyId,omitempty"`
	LastChangedDate  stamp
	LastAccessedDate stamp `json:",omitzero"`
	DeletedDate      stamp `json:",omitzero"`
	Tags             []tag `json:",omitempty"`
	CreatedDate      stamp
}

func (e *entry) details() details {
	return details{
		secretRef: e.ref(), Description: e.description, KmsKeyID: e.kmsKey, Tags: slices.Clone(e.tags),
		CreatedDate: stamp{e.created}, LastChangedDate: stamp{e.changed}, LastAccessedDate: stamp{e.accessed},
	}
}

func (c *call) describeSecret() (any, *fault) {
	e, err := c.known(c.p.secretID())
	if err != nil {
		return nil, err
	}
	out := struct {
		details
		settingsOut
		VersionIDsToStages map[string][]string `json:"VersionIdsToStages,omitempty"`
	}{e.details(), e.settingsOut(c.o.Region), e.stages()}
	out.DeletedDate = stamp{e.purge} // "the date the secret is scheduled for deletion"
	return out, nil
}

type deleteOut struct {
	secretRef
	DeletionDate stamp
}

func (c *call) deleteSecret() (any, *fault) {
	id := c.p.secretID()
	var days int64 = 30
	given := c.p.read("RecoveryWindowInDays", &days)
	force := c.p.flag("ForceDeleteWithoutRecovery")
	if err := c.p.verdict(); err != nil {
		return nil, err
	}
	if given && force {
		return nil, fail(invalidParameter, "You can't use ForceDeleteWithoutRecovery in conjunction with RecoveryWindowInDays.")
	}
	if days < 7 || days > 30 {
		return nil, fail(invalidParameter, "The RecoveryWindowInDays value must be between 7 and 30 days (inclusive).")
	}
	if force {
		return c.forceDelete(id), nil
	}
	e, err := c.live(id)
	if err != nil {
		return nil, err
	}
	e.deleted, e.changed = c.now, c.now
	e.purge = c.now.AddDate(0, 0, int(days))
	return deleteOut{e.ref(), stamp{e.purge}}, nil
}

// forceDelete removes a secret at once, pending or not. One that doesn't
// exist is no error.
func (c *call) forceDelete(id string) deleteOut {
	if e := c.find(id, c.now); e != nil {
		delete(c.secrets, e.name)
		return deleteOut{e.ref(), stamp{c.now}}
	}
	ref := secretRef{id, arnEnd().ReplaceAllString(strings.TrimPrefix(id, c.arnPrefix), "")}
	if !strings.HasPrefix(id, "arn:") {
		ref = secretRef{c.newARN(id), id}
	}
	return deleteOut{ref, stamp{c.now}}
}

func (c *call) restoreSecret() (any, *fault) {
	e, err := c.known(c.p.secretID())
	if err != nil {
		return nil, err
	}
	if !e.purge.IsZero() {
		e.deleted, e.purge, e.changed = time.Time{}, time.Time{}, c.now
	}
	return e.ref(), nil
}

func (c *call) tagResource() (any, *fault) {
	id := c.p.secretID()
	c.p.need("Tags")
	added := c.p.tags("Tags")
	e, err := c.live(id)
	if err != nil {
		return nil, err
	}
	all := merged(e.tags, added)
	if err := checkTags(added, all); err != nil {
		return nil, err
	}
	e.tags, e.changed = all, c.now
	return struct{}{}, nil
}

// merged is a list of tags with others added, or changed.
func merged(tags, added []tag) []tag {
	all := slices.Clone(tags)
	for _, t := range added {
		if i := slices.IndexFunc(all, func(old tag) bool { return old.Key == t.Key }); i >= 0 {
			all[i] = t
		} else {
			all = append(all, t)
		}
	}
	return all
}

func (c *call) untagResource() (any, *fault) {
	id := c.p.secretID()
	c.p.need("TagKeys")
	var keys []string
	c.p.read("TagKeys", &keys)
	for _, k := range keys {
		c.p.checked(k, "TagKeys", 1, maxTagKey)
	}
	e, err := c.live(id)
	if err != nil {
		return nil, err
	}
	kept := slices.DeleteFunc(slices.Clone(e.tags), func(t tag) bool { return slices.Contains(keys, t.Key) })
	if len(kept) < len(e.tags) {
		e.tags, e.changed = kept, c.now
	}
	return struct{}{}, nil
}

// randomInt returns a uniformly random number in [0, n).
func randomInt(n int) int {
	i, _ := rand.Int(rand.Reader, big.NewInt(int64(n))) // never fails
	return int(i.Int64())
}

package awssm

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	sm "github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"

	"hci/sync"
)

// pendingLabel is the staging label under which values are put before they
// become current. It is the same for all: a put takes it from the version that
// a writer left it on, so a secret has it once at most.
const pendingLabel = "hci-pending"

// ours reports whether a staging label is hci's: earlier versions of it gave
// each write a label of its own.
func ours(label string) bool {
	return label == pendingLabel || strings.HasPrefix(label, pendingLabel+"-")
}

// token is a new ClientRequestToken, which becomes the VersionId: 32 random
// characters, never derived from the value.
func token() string { return strings.ToLower(rand.Text() + rand.Text())[:32] }

// Create implements [sync.Store].
func (s *Store) Create(ctx context.Context, name string, c sync.Content, m sync.Meta) (string, error) {
	id := token()
	in := &sm.CreateSecretInput{Name: &name, ClientRequestToken: &id}
	in.SecretString, in.SecretBinary = members(c)
	if m.Description != "" {
		in.Description = &m.Description
	}
	if m.KMSKeyID != "" {
		in.KmsKeyId = &m.KMSKeyID
	}
	for _, key := range slices.Sorted(maps.Keys(m.Tags)) {
		in.Tags = append(in.Tags, types.Tag{Key: aws.String(key), Value: aws.String(m.Tags[key])})
	}
	_, err := s.client.CreateSecret(ctx, in)
	if err == nil {
		return id, nil
	}
	var exists *types.ResourceExistsException
	switch {
	case errors.As(err, &exists):
		return "", conflict(name)
	case !lost(err):
		return "", classify("CreateSecret", name, err)
	}
	ctx, cancel := settling(ctx)
	defer cancel()
	d, descErr := s.describe(ctx, name)
	var missing *types.ResourceNotFoundException
	switch {
	case errors.As(descErr, &missing):
		return "", classify("CreateSecret", name, err)
	case descErr != nil:
		return "", outcome("CreateSecret", name, err, descErr)
	case len(d.VersionIdsToStages[id]) > 0: // taken, though the answer was lost
		return id, nil
	default:
		return "", conflict(name)
	}
}

// Restore implements [sync.Store].
func (s *Store) Restore(ctx context.Context, name string) error {
	_, err := s.client.RestoreSecret(ctx, &sm.RestoreSecretInput{SecretId: &name})
	if err == nil || !lost(err) {
		return classify("RestoreSecret", name, err)
	}
	ctx, cancel := settling(ctx)
	defer cancel()
	d, descErr := s.describe(ctx, name)
	switch {
	case descErr != nil:
		return outcome("RestoreSecret", name, err, descErr)
	case d.DeletedDate == nil: // taken, though the answer was lost
		return nil
	default:
		return classify("RestoreSecret", name, err)
	}
}

// members are the two request members that a content can be in.
func members(c sync.Content) (text *string, raw []byte) {
	if c.Binary {
		return nil, []byte(c.Value.Reveal())
	}
	return aws.String(c.Value.Reveal()), nil
}

// Write implements [sync.Store]. It takes three calls: put, move AWSCURRENT,
// take the label off again. A fourth takes AWSPENDING off the version seen, if
// it is there: AWS starts no rotation while AWSPENDING is on a version that is
// not the current one.
//
// https://docs.aws.amazon.com/secretsmanager/latest/userguide/troubleshoot_rotation.html
func (s *Store) Write(ctx context.Context, name string, c sync.Content, seen sync.Held) (string, error) {
	id := token()
	in := &sm.PutSecretValueInput{SecretId: &name, ClientRequestToken: &id, VersionStages: []string{pendingLabel}}
	in.SecretString, in.SecretBinary = members(c)
	put, err := s.client.PutSecretValue(ctx, in)
	if err != nil {
		return s.putFailed(ctx, name, id, err)
	}
	// AWS labels a secret's first version by itself.
	if seen.Version != "" || !slices.Contains(put.VersionStages, labelCurrent) {
		err = s.makeCurrent(ctx, name, id, seen.Version)
	}
	s.unlabel(ctx, name, id, pendingLabel)
	if err != nil {
		return "", err
	}
	if slices.Contains(seen.Labels, labelPending) {
		s.unlabel(ctx, name, seen.Version, labelPending)
	}
	return id, nil
}

// putFailed cleans up after a put whose answer was an error, which may have
// been taken all the same. Nothing became current by it, but for the first
// value of a secret, to which AWS gives AWSCURRENT by itself.
func (s *Store) putFailed(ctx context.Context, name, id string, err error) (string, error) {
	if !lost(err) {
		return "", classify("PutSecretValue", name, err)
	}
	ctx, cancel := settling(ctx)
	defer cancel()
	d, descErr := s.describe(ctx, name)
	if descErr != nil {
		return "", outcome("PutSecretValue", name, err, descErr)
	}
	if slices.Contains(d.VersionIdsToStages[id], pendingLabel) {
		s.unlabel(ctx, name, id, pendingLabel)
	}
	if wasCurrent(d, id) {
		return id, nil
	}
	return "", classify("PutSecretValue", name, err)
}

// makeCurrent moves AWSCURRENT from the version seen to id: the
// compare-and-swap.
func (s *Store) makeCurrent(ctx context.Context, name, id, seen string) error {
	if seen == "" {
		// Another one may have come first.
		d, err := s.describe(ctx, name)
		switch {
		case err != nil:
			return s.lookAgain(ctx, name, id, seen, "DescribeSecret", &lostError{err})
		case current(d) == id:
			return nil
		case current(d) != "":
			return conflict(name)
		}
	}
	in := &sm.UpdateSecretVersionStageInput{SecretId: &name, VersionStage: aws.String(labelCurrent), MoveToVersionId: &id}
	if seen != "" {
		in.RemoveFromVersionId = &seen
	}
	if _, err := s.client.UpdateSecretVersionStage(ctx, in); err != nil {
		return s.lookAgain(ctx, name, id, seen, "UpdateSecretVersionStage", err)
	}
	return nil
}

// lookAgain finds out what became of a move whose answer was an error: taken,
// with the answer lost; refused because AWSCURRENT was elsewhere; or failed.
func (s *Store) lookAgain(ctx context.Context, name, id, seen, action string, err error) error {
	ctx, cancel := settling(ctx)
	defer cancel()
	d, descErr := s.describe(ctx, name)
	switch {
	case descErr != nil && !lost(err) && elsewhere(err):
		return conflict(name)
	case descErr != nil:
		return outcome(action, name, err, descErr)
	case wasCurrent(d, id):
		return nil
	case current(d) != seen && lost(err):
		// Others have written since. Whether ours came between can't be seen.
		return fmt.Errorf("%w: %w", sync.ErrUncertain, classify(action, name, err))
	case current(d) != seen || d.DeletedDate != nil:
		return conflict(name)
	default:
		return classify(action, name, err)
	}
}

// wasCurrent reports whether a version is the current one, or was until the
// next came.
func wasCurrent(d *sm.DescribeSecretOutput, id string) bool {
	labels := d.VersionIdsToStages[id]
	return slices.Contains(labels, labelCurrent) || slices.Contains(labels, labelPrevious)
}

// elsewhere is how AWS refuses to move a label from a version that doesn't have
// it. Whether that was the reason shows in where the label is.
func elsewhere(err error) bool {
	var parameter *types.InvalidParameterException
	return errors.As(err, &parameter)
}

// unlabel takes a label off a version, also when the context has ended. One that
// stays is told: the next push, and 'hci secrets repair', take it off.
func (s *Store) unlabel(ctx context.Context, name, id, label string) {
	ctx, cancel := settling(ctx)
	defer cancel()
	if err := s.detach(ctx, name, id, label); err != nil {
		s.note(fmt.Sprintf("secret %q keeps the staging label %s on version %.8s (%v); 'hci secrets repair' takes it off", name, label, id, err))
	}
}

// detach takes a label off a version. That it is not there any more is fine.
func (s *Store) detach(ctx context.Context, name, id, label string) error {
	_, err := s.client.UpdateSecretVersionStage(ctx, &sm.UpdateSecretVersionStageInput{
		SecretId: &name, VersionStage: &label, RemoveFromVersionId: &id,
	})
	if err == nil {
		return nil
	}
	if elsewhere(err) || lost(err) {
		d, descErr := s.describe(ctx, name)
		if descErr == nil && !slices.Contains(d.VersionIdsToStages[id], label) {
			return nil
		}
	}
	return classify("UpdateSecretVersionStage", name, err)
}

func missingSecret(name string) error {
	return fmt.Errorf("secret %q: %w", name, sync.ErrNotFound)
}

func conflict(name string) error { return fmt.Errorf("secret %q: %w", name, sync.ErrConflict) }

// outcome is the error of a request of which it could not be found out whether
// it was taken.
func outcome(action, name string, err, descErr error) error {
	if !lost(err) {
		return classify(action, name, err)
	}
	return fmt.Errorf("secret %q: %w: %w, and then %w", name, sync.ErrUncertain, classify(action, name, err), classify("DescribeSecret", name, descErr))
}

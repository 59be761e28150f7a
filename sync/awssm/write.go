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
	"hci/sync/secret"
)

// labelPrefix begins the staging labels under which values are put before they
// become current.
const labelPrefix = "hci-pending-"

// token is a new ClientRequestToken, which becomes the VersionId: 32 random
// characters, never derived from the value.
func token() string { return strings.ToLower(rand.Text() + rand.Text())[:32] }

// Create implements [sync.Store].
func (s *Store) Create(ctx context.Context, name string, v secret.Value, m sync.Meta) (string, error) {
	id := token()
	in := &sm.CreateSecretInput{Name: &name, SecretString: aws.String(v.Reveal()), ClientRequestToken: &id}
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
	switch {
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

// Write implements [sync.Store].
func (s *Store) Write(ctx context.Context, name string, v secret.Value, seen string) (string, error) {
	id := token()
	label := labelPrefix + id
	stale := s.staleLabels(ctx, name)
	_, err := s.client.PutSecretValue(ctx, &sm.PutSecretValueInput{
		SecretId: &name, SecretString: aws.String(v.Reveal()), ClientRequestToken: &id, VersionStages: []string{label},
	})
	if err != nil {
		return s.putFailed(ctx, name, id, label, err)
	}
	err = s.makeCurrent(ctx, name, id, seen)
	s.unlabel(ctx, name, id, label)
	for old, version := range stale() {
		if old != label {
			s.unlabel(ctx, name, version, old)
		}
	}
	if err != nil {
		return "", err
	}
	return id, nil
}

// staleLabels asks, while other work goes on, for private labels that were
// left on the secret, with their versions. Calling what it returns waits for
// the answer. A writer whose label is taken away under its hands loses nothing:
// versions without a label can be made current, and stay for 24 hours.
func (s *Store) staleLabels(ctx context.Context, name string) func() map[string]string {
	answer := make(chan map[string]string, 1)
	go func() {
		found := map[string]string{}
		if d, err := s.describe(ctx, name); err == nil {
			for version, labels := range d.VersionIdsToStages {
				for _, label := range labels {
					if strings.HasPrefix(label, labelPrefix) {
						found[label] = version
					}
				}
			}
		}
		answer <- found
	}()
	return func() map[string]string { return <-answer }
}

// putFailed cleans up after a put whose answer was an error, which may have
// been taken all the same. Nothing became current by it, but for the first
// value of a secret, to which AWS gives AWSCURRENT by itself.
func (s *Store) putFailed(ctx context.Context, name, id, label string, err error) (string, error) {
	if !lost(err) {
		return "", classify("PutSecretValue", name, err)
	}
	ctx, cancel := settling(ctx)
	defer cancel()
	d, descErr := s.describe(ctx, name)
	if descErr != nil {
		return "", outcome("PutSecretValue", name, err, descErr)
	}
	if slices.Contains(d.VersionIdsToStages[id], label) {
		s.unlabel(ctx, name, id, label)
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
		// AWS labels a secret's first version by itself. If it did, or did not
		// because another one came first, shows here.
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
	case descErr != nil && !lost(err) && invalid(err):
		return conflict(name)
	case descErr != nil:
		return outcome(action, name, err, descErr)
	case wasCurrent(d, id):
		return nil
	case current(d) != seen && lost(err):
		// Others have written since. Whether ours came between can't be seen.
		return fmt.Errorf("%w: %w", sync.ErrUncertain, classify(action, name, err))
	case invalid(err):
		return conflict(name)
	default:
		return classify(action, name, err)
	}
}

// wasCurrent reports whether a version is the current one, or was until the
// next came.
func wasCurrent(d *sm.DescribeSecretOutput, id string) bool {
	labels := d.VersionIdsToStages[id]
	return slices.Contains(labels, labelCurrent) || slices.Contains(labels, "AWSPREVIOUS")
}

// invalid is how AWS refuses to move a label from a version that doesn't have
// it, among other things.
func invalid(err error) bool {
	var parameter *types.InvalidParameterException
	var request *types.InvalidRequestException
	return errors.As(err, &parameter) || errors.As(err, &request)
}

// unlabel removes a private label, also when the context has ended. One that
// stays does no harm, but takes one of a secret's twenty.
func (s *Store) unlabel(ctx context.Context, name, id, label string) {
	ctx, cancel := settling(ctx)
	defer cancel()
	_, err := s.client.UpdateSecretVersionStage(ctx, &sm.UpdateSecretVersionStageInput{
		SecretId: &name, VersionStage: &label, RemoveFromVersionId: &id,
	})
	if err != nil && !invalid(err) { // which it is if the label is gone
		s.note(fmt.Sprintf("secret %q keeps the staging label %s: the next write to it removes that", name, label))
	}
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

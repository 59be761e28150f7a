package awssm

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	sm "github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"

	"hci/internal/secret"
	"hci/sync"
)

// labelPrefix begins the staging labels under which values are put before they
// become current.
const labelPrefix = "hci-pending-"

// token is a new ClientRequestToken, which becomes the VersionId: 32 random
// characters, never derived from the value.
func token() string { return strings.ToLower(rand.Text() + rand.Text())[:32] }

// Create implements [sync.Store].
func (s *Store) Create(ctx context.Context, name string, v secret.Value) (string, error) {
	if err := s.writes.Wait(ctx); err != nil {
		return "", err
	}
	id := token()
	_, err := s.client.CreateSecret(ctx, &sm.CreateSecretInput{
		Name: &name, SecretString: aws.String(v.Reveal()), ClientRequestToken: &id,
	})
	if err == nil {
		return id, nil
	}
	ctx, cancel := settling(ctx)
	defer cancel()
	var exists *types.ResourceExistsException
	d, descErr := s.describe(ctx, name)
	switch {
	case descErr == nil && current(d) == id: // taken, though the answer was lost
		return id, nil
	case errors.As(err, &exists), descErr == nil:
		return "", conflict(name)
	default:
		return "", outcome("CreateSecret", name, err, descErr)
	}
}

// Restore implements [sync.Store].
func (s *Store) Restore(ctx context.Context, name string) error {
	if err := s.writes.Wait(ctx); err != nil {
		return err
	}
	if _, err := s.client.RestoreSecret(ctx, &sm.RestoreSecretInput{SecretId: &name}); err != nil {
		return classify("RestoreSecret", name, err)
	}
	return nil
}

// Write implements [sync.Store].
func (s *Store) Write(ctx context.Context, name string, v secret.Value, seen string) (string, error) {
	if err := s.writes.Wait(ctx); err != nil {
		return "", err
	}
	id := token()
	label := labelPrefix + id
	_, err := s.client.PutSecretValue(ctx, &sm.PutSecretValueInput{
		SecretId: &name, SecretString: aws.String(v.Reveal()), ClientRequestToken: &id, VersionStages: []string{label},
	})
	if err != nil {
		return s.putFailed(ctx, name, id, label, err)
	}
	err = s.makeCurrent(ctx, name, id, seen)
	if labelErr := s.unlabel(ctx, name, id, label); err == nil && labelErr != nil {
		return id, nil // written; a label that stays costs one version's pruning
	}
	if err != nil {
		return "", err
	}
	return id, nil
}

// putFailed cleans up after a put whose answer was an error, which may have
// been taken all the same. Nothing became current by it, but for the first
// value of a secret, to which AWS gives AWSCURRENT by itself.
func (s *Store) putFailed(ctx context.Context, name, id, label string, err error) (string, error) {
	ctx, cancel := settling(ctx)
	defer cancel()
	d, descErr := s.describe(ctx, name)
	if descErr != nil {
		return "", outcome("PutSecretValue", name, err, descErr)
	}
	if !slices.Contains(d.VersionIdsToStages[id], label) {
		return "", classify("PutSecretValue", name, err)
	}
	written := current(d) == id
	_ = s.unlabel(ctx, name, id, label)
	if written {
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
			return s.lookAgain(ctx, name, id, err)
		case current(d) == id:
			return nil
		case current(d) != "":
			return conflict(name)
		}
	}
	if err := s.writes.Wait(ctx); err != nil {
		return err
	}
	in := &sm.UpdateSecretVersionStageInput{SecretId: &name, VersionStage: aws.String(labelCurrent), MoveToVersionId: &id}
	if seen != "" {
		in.RemoveFromVersionId = &seen
	}
	if _, err := s.client.UpdateSecretVersionStage(ctx, in); err != nil {
		return s.lookAgain(ctx, name, id, err)
	}
	return nil
}

// lookAgain finds out what became of a move whose answer was an error: taken,
// with the answer lost; refused because AWSCURRENT was elsewhere; or failed.
func (s *Store) lookAgain(ctx context.Context, name, id string, err error) error {
	ctx, cancel := settling(ctx)
	defer cancel()
	d, descErr := s.describe(ctx, name)
	var parameter *types.InvalidParameterException
	var request *types.InvalidRequestException
	switch {
	case descErr != nil:
		return outcome("UpdateSecretVersionStage", name, err, descErr)
	case current(d) == id:
		return nil
	case slices.Contains(d.VersionIdsToStages[id], "AWSPREVIOUS"): // ours was current, then another came
		return nil
	case errors.As(err, &parameter), errors.As(err, &request):
		return conflict(name)
	default:
		return classify("UpdateSecretVersionStage", name, err)
	}
}

// unlabel removes the private label, also when the context has ended.
func (s *Store) unlabel(ctx context.Context, name, id, label string) error {
	ctx, cancel := settling(ctx)
	defer cancel()
	if err := s.writes.Wait(ctx); err != nil {
		return err
	}
	_, err := s.client.UpdateSecretVersionStage(ctx, &sm.UpdateSecretVersionStageInput{
		SecretId: &name, VersionStage: &label, RemoveFromVersionId: &id,
	})
	return err
}

func conflict(name string) error { return fmt.Errorf("secret %q: %w", name, sync.ErrConflict) }

// outcome is the error of a request of which it could not be found out whether
// it was taken.
func outcome(action, name string, err, descErr error) error {
	if denied(err) || credentials(err) {
		return classify(action, name, err)
	}
	return fmt.Errorf("secret %q: %w: %w, and then %w", name, sync.ErrUncertain, classify(action, name, err), classify("DescribeSecret", name, descErr))
}

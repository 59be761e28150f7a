package awssm

import (
	"context"
	"errors"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	sm "github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"

	"hci/sync"
)

var _ sync.History = (*Store)(nil)

// ReadPrevious implements [sync.History].
func (s *Store) ReadPrevious(ctx context.Context, names []string) ([]sync.Held, error) {
	results, err := inParallel(ctx, names, s.previous)
	if err != nil {
		return nil, err
	}
	var all []sync.Held
	for _, h := range results {
		if h != nil {
			all = append(all, *h)
		}
	}
	return all, nil
}

// previous reads one secret's previous value; nil if there is no such secret.
// The error is that nothing at all can be read.
func (s *Store) previous(ctx context.Context, name string) (*sync.Held, error) {
	d, err := s.describe(ctx, name)
	var notFound *types.ResourceNotFoundException
	switch {
	case errors.As(err, &notFound):
		return nil, nil
	case fatal("DescribeSecret", err) != nil:
		return nil, fatal("DescribeSecret", err)
	case err != nil:
		return &sync.Held{Name: name, Err: classify("DescribeSecret", name, err)}, nil
	}
	h := &sync.Held{
		Name: name, ARN: aws.ToString(d.ARN), Version: current(d),
		Previous: holder(d, labelPrevious), Deleted: aws.ToTime(d.DeletedDate),
	}
	if h.Previous == "" || !h.Deleted.IsZero() {
		return h, nil
	}
	v, err := s.client.GetSecretValue(ctx, &sm.GetSecretValueInput{SecretId: &name, VersionId: &h.Previous})
	if err := fatal("GetSecretValue", err); err != nil {
		return nil, err
	}
	if err != nil {
		h.Err = classify("GetSecretValue", name, err)
		return h, nil
	}
	was := held(name, v.ARN, v.VersionId, v.SecretString, v.SecretBinary, v.CreatedDate)
	h.Value, h.HasValue, h.Binary, h.Changed = was.Value, was.HasValue, was.Binary, was.Changed
	return h, nil
}

// holder is the version that holds a label, or "".
func holder(d *sm.DescribeSecretOutput, label string) string {
	for version, labels := range d.VersionIdsToStages {
		if slices.Contains(labels, label) {
			return version
		}
	}
	return ""
}

// Return implements [sync.History]: the compare-and-swap of Write, without a
// new version.
func (s *Store) Return(ctx context.Context, name, to string, seen sync.Held) (string, error) {
	_, err := s.client.UpdateSecretVersionStage(ctx, &sm.UpdateSecretVersionStageInput{
		SecretId: &name, VersionStage: aws.String(labelCurrent), MoveToVersionId: &to, RemoveFromVersionId: &seen.Version,
	})
	if err != nil {
		err = s.returned(ctx, name, to, seen.Version, err)
	}
	if err != nil {
		return "", err
	}
	if slices.Contains(seen.Labels, labelPending) {
		s.unlabel(ctx, name, seen.Version, labelPending)
	}
	return to, nil
}

// returned finds out what became of a move whose answer was an error.
func (s *Store) returned(ctx context.Context, name, to, seen string, err error) error {
	ctx, cancel := settling(ctx)
	defer cancel()
	d, descErr := s.describe(ctx, name)
	switch {
	case descErr != nil && !lost(err) && elsewhere(err):
		return conflict(name)
	case descErr != nil:
		return outcome("UpdateSecretVersionStage", name, err, descErr)
	case current(d) == to: // taken, though the answer was lost
		return nil
	case current(d) != seen:
		return conflict(name)
	default:
		return classify("UpdateSecretVersionStage", name, err)
	}
}

package awssm

import (
	"context"
	"errors"
	"slices"
	stdsync "sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sm "github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"

	"hci/sync"
	"hci/sync/secret"
)

const (
	batchSize     = 20 // BatchGetSecretValue takes no more
	readsParallel = 16
	labelCurrent  = "AWSCURRENT"
	labelPrevious = "AWSPREVIOUS"
	labelPending  = "AWSPENDING" // of a rotation
)

// Read implements [sync.Store].
func (s *Store) Read(ctx context.Context, names []string) ([]sync.Held, error) {
	results, err := inParallel(ctx, slices.Collect(slices.Chunk(names, batchSize)), s.readChunk)
	return slices.Concat(results...), err
}

// inParallel calls f for each item, some at a time, and returns what it returns
// in the order of the items, or the first error.
func inParallel[T, R any](ctx context.Context, items []T, f func(context.Context, T) (R, error)) ([]R, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	results := make([]R, len(items))
	next := make(chan int)
	var workers stdsync.WaitGroup
	for range min(readsParallel, len(items)) {
		workers.Go(func() {
			for i := range next {
				r, err := f(ctx, items[i])
				if err != nil {
					cancel(err)
					continue
				}
				results[i] = r
			}
		})
	}
	for i := range items {
		next <- i
	}
	close(next)
	workers.Wait()
	if err := context.Cause(ctx); err != nil {
		return nil, err
	}
	return results, nil
}

// readChunk reads up to twenty secrets, in the order of their names.
func (s *Store) readChunk(ctx context.Context, names []string) ([]sync.Held, error) {
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	found, err := s.readBatch(ctx, names)
	if err := fatal("BatchGetSecretValue", err); err != nil {
		return nil, err
	}
	// Any other error is no reason to give up: the action may be denied where
	// reading singly is not, and an emulator may fail a batch for one secret.
	var all []sync.Held
	for _, name := range names { // found is nil after an error
		h, ok := found[name]
		if !ok {
			h, ok, err = s.readOne(ctx, name)
			if err != nil {
				return nil, err
			}
		}
		if ok {
			all = append(all, h)
		}
	}
	return all, nil
}

// readBatch returns the secrets of which a batch call says all there is to
// know.
func (s *Store) readBatch(ctx context.Context, names []string) (map[string]sync.Held, error) {
	found := map[string]sync.Held{}
	in := &sm.BatchGetSecretValueInput{SecretIdList: names}
	var pages pages
	for {
		out, err := s.client.BatchGetSecretValue(ctx, in)
		if err != nil {
			return nil, err
		}
		for _, v := range out.SecretValues {
			// An emulator may answer with a version that a label has left.
			if slices.Contains(v.VersionStages, labelCurrent) {
				h := held(aws.ToString(v.Name), v.ARN, v.VersionId, v.SecretString, v.SecretBinary, v.CreatedDate)
				h.Labels = v.VersionStages
				found[h.Name] = h
			}
		}
		if more, err := pages.next(out.NextToken); err != nil || !more {
			return found, err
		}
		in.NextToken = out.NextToken
	}
}

func held(name string, arn, version, text *string, binary []byte, changed *time.Time) sync.Held {
	h := sync.Held{
		Name: name, ARN: aws.ToString(arn), Version: aws.ToString(version),
		Changed: aws.ToTime(changed), HasValue: text != nil || binary != nil, Binary: text == nil && binary != nil,
	}
	if h.Binary {
		h.Value = secret.New(string(binary))
	} else if text != nil {
		h.Value = secret.New(*text)
	}
	return h
}

// readOne reads one secret and tells missing, without a value, and scheduled
// for deletion apart. The error is that nothing at all can be read.
func (s *Store) readOne(ctx context.Context, name string) (sync.Held, bool, error) {
	value, err := s.client.GetSecretValue(ctx, &sm.GetSecretValueInput{SecretId: &name, VersionStage: aws.String(labelCurrent)})
	if err == nil {
		h := held(name, value.ARN, value.VersionId, value.SecretString, value.SecretBinary, value.CreatedDate)
		h.Labels = value.VersionStages
		return h, true, nil
	}
	if err := fatal("GetSecretValue", err); err != nil {
		return sync.Held{}, false, err
	}
	described, descErr := s.describe(ctx, name)
	var notFound *types.ResourceNotFoundException
	switch {
	case errors.As(descErr, &notFound):
		return sync.Held{}, false, nil
	case fatal("DescribeSecret", descErr) != nil:
		return sync.Held{}, false, fatal("DescribeSecret", descErr)
	case descErr != nil && errors.As(err, &notFound):
		// Without DescribeSecret a missing secret and a missing value look
		// alike, so neither is claimed.
		return sync.Held{Name: name, Err: classify("DescribeSecret", name, descErr)}, true, nil
	case descErr != nil:
		return sync.Held{Name: name, Err: classify("GetSecretValue", name, err)}, true, nil
	}
	h := sync.Held{Name: name, ARN: aws.ToString(described.ARN), Version: current(described), Deleted: aws.ToTime(described.DeletedDate)}
	h.Labels = described.VersionIdsToStages[h.Version]
	if h.Deleted.IsZero() && h.Version != "" || !errors.As(err, &notFound) && h.Deleted.IsZero() {
		h.Err = classify("GetSecretValue", name, err)
	}
	return h, true, nil
}

func (s *Store) describe(ctx context.Context, name string) (*sm.DescribeSecretOutput, error) {
	return s.client.DescribeSecret(ctx, &sm.DescribeSecretInput{SecretId: &name})
}

// current is the version that holds AWSCURRENT, or "".
func current(d *sm.DescribeSecretOutput) string {
	for version, labels := range d.VersionIdsToStages {
		if slices.Contains(labels, labelCurrent) {
			return version
		}
	}
	return ""
}

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

var _ sync.Versions = (*Store)(nil)

// Versions implements [sync.Versions]. AWS keeps some hundred without a label.
func (s *Store) Versions(ctx context.Context, name string) ([]sync.Version, error) {
	in := &sm.ListSecretVersionIdsInput{SecretId: &name, IncludeDeprecated: aws.Bool(true), MaxResults: aws.Int32(pageSize)}
	var all []sync.Version
	var pages pages
	for {
		out, err := s.client.ListSecretVersionIds(ctx, in)
		var missing *types.ResourceNotFoundException
		switch {
		case errors.As(err, &missing):
			return nil, missingSecret(name)
		case err != nil:
			return nil, classify("ListSecretVersionIds", name, err)
		}
		for _, v := range out.Versions {
			all = append(all, sync.Version{ID: aws.ToString(v.VersionId), Made: aws.ToTime(v.CreatedDate), Labels: v.VersionStages})
		}
		more, err := pages.next(out.NextToken)
		if err != nil {
			return nil, classify("ListSecretVersionIds", name, err)
		}
		if !more {
			slices.SortStableFunc(all, func(a, b sync.Version) int { return b.Made.Compare(a.Made) })
			return all, nil
		}
		in.NextToken = out.NextToken
	}
}

// ReadVersions implements [sync.Versions].
func (s *Store) ReadVersions(ctx context.Context, name string, all []sync.Version) error {
	places := make([]int, len(all))
	for i := range places {
		places[i] = i
	}
	_, err := inParallel(ctx, places, func(ctx context.Context, i int) (struct{}, error) {
		v := &all[i]
		out, err := s.client.GetSecretValue(ctx, &sm.GetSecretValueInput{SecretId: &name, VersionId: &v.ID})
		if err := fatal("GetSecretValue", err); err != nil {
			return struct{}{}, err
		}
		if err != nil {
			v.Err = classify("GetSecretValue", name, err)
			return struct{}{}, nil
		}
		h := held(name, out.ARN, out.VersionId, out.SecretString, out.SecretBinary, out.CreatedDate)
		v.Content, v.HasValue = h.Content(), h.HasValue
		return struct{}{}, nil
	})
	return err
}

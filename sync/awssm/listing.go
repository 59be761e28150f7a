package awssm

import (
	"context"
	"errors"

	"github.com/aws/aws-sdk-go-v2/aws"
	sm "github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"

	"hci/sync"
)

// worthListing is from how many secrets on one list is quicker than a
// DescribeSecret for each.
const worthListing = 100

// Listing returns the facts of many secrets at once, by name, as far as
// ListSecrets tells them: it may lag behind by some minutes, and does not tell
// the regions of replicas, so that a replicated secret is not among them. It is
// nil where asking for each secret is quicker, or where nothing may be listed.
// Of what it does not hold, [Store.Inspect] asks.
func (s *Store) Listing(ctx context.Context, names []string) (map[string]*sync.Facts, error) {
	if len(names) <= worthListing {
		return nil, nil
	}
	in := &sm.ListSecretsInput{MaxResults: aws.Int32(pageSize)}
	if prefix := commonPrefix(names); prefix != "" {
		in.Filters = []types.Filter{{Key: types.FilterNameStringTypeName, Values: []string{prefix}}}
	}
	found := map[string]*sync.Facts{}
	var pages pages
	// In an account with many other secrets the list is not quicker.
	for range 2*len(names)/pageSize + 1 {
		out, err := s.client.ListSecrets(ctx, in)
		var denied *sync.AccessError
		if err := classify("ListSecrets", "", err); errors.As(err, &denied) {
			return nil, nil
		} else if err != nil {
			return nil, err
		}
		for _, e := range out.SecretList {
			if f := listed(e); f != nil {
				found[aws.ToString(e.Name)] = f
			}
		}
		more, err := pages.next(out.NextToken)
		if err != nil {
			return nil, classify("ListSecrets", "", err)
		}
		if !more {
			break
		}
		in.NextToken = out.NextToken
	}
	return found, nil
}

// listed are the facts of an entry in a list; nil of a replicated secret.
func listed(e types.SecretListEntry) *sync.Facts {
	if aws.ToString(e.PrimaryRegion) != "" {
		return nil
	}
	f := facts(&sm.DescribeSecretOutput{
		ARN: e.ARN, Description: e.Description, KmsKeyId: e.KmsKeyId, Tags: e.Tags, OwningService: e.OwningService,
		RotationEnabled: e.RotationEnabled, RotationLambdaARN: e.RotationLambdaARN, VersionIdsToStages: e.SecretVersionsToStages,
	})
	f.Listed = true
	return f
}

func commonPrefix(names []string) string {
	prefix := names[0]
	for _, name := range names[1:] {
		n := 0
		for n < len(prefix) && n < len(name) && prefix[n] == name[n] {
			n++
		}
		prefix = prefix[:n]
	}
	return prefix
}

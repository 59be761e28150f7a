package awssm

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	sm "github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"

	"hci/sync"
)

var _ sync.Lister = (*Store)(nil)

const pageSize = 100 // ListSecrets takes no more

// List implements [sync.Lister]. AWS's list may lag behind by some minutes.
// Secrets that another AWS service manages, such as RDS its passwords, are not
// in it: they are nobody else's to change.
func (s *Store) List(ctx context.Context, f sync.Filter) ([]sync.Listed, error) {
	in := &sm.ListSecretsInput{IncludePlannedDeletion: aws.Bool(true), MaxResults: aws.Int32(pageSize)}
	if f.Prefix != "" {
		in.Filters = append(in.Filters, types.Filter{Key: types.FilterNameStringTypeName, Values: []string{f.Prefix}})
	}
	for key, value := range f.Tags {
		in.Filters = append(in.Filters, types.Filter{Key: types.FilterNameStringTypeTagKey, Values: []string{key}})
		if value != "" {
			in.Filters = append(in.Filters, types.Filter{Key: types.FilterNameStringTypeTagValue, Values: []string{value}})
		}
	}
	var all []sync.Listed
	var pages pages
	for {
		out, err := s.client.ListSecrets(ctx, in)
		if err != nil {
			return nil, classify("ListSecrets", "", err)
		}
		for _, e := range out.SecretList {
			l := sync.Listed{
				Name: aws.ToString(e.Name), Tags: map[string]string{},
				Deleted: aws.ToTime(e.DeletedDate), Changed: aws.ToTime(e.LastChangedDate),
			}
			for _, tag := range e.Tags {
				l.Tags[aws.ToString(tag.Key)] = aws.ToString(tag.Value)
			}
			if aws.ToString(e.OwningService) == "" && f.Selects(l) { // AWS matches the beginnings of tags
				all = append(all, l)
			}
		}
		more, err := pages.next(out.NextToken)
		if err != nil {
			return nil, classify("ListSecrets", "", err)
		}
		if !more {
			slices.SortFunc(all, func(a, b sync.Listed) int { return strings.Compare(a.Name, b.Name) })
			return all, nil
		}
		in.NextToken = out.NextToken
	}
}

var _ sync.Remover = (*Store)(nil)

// Delete implements [sync.Remover]. AWS can't make a deletion depend on the
// version; it is looked at just before, and a deletion can be taken back.
func (s *Store) Delete(ctx context.Context, name, seen string, days int) error {
	d, err := s.describe(ctx, name)
	switch {
	case err != nil:
		return classify("DescribeSecret", name, err)
	case d.DeletedDate != nil, current(d) != seen:
		return conflict(name)
	}
	in := &sm.DeleteSecretInput{SecretId: &name, RecoveryWindowInDays: aws.Int64(int64(days))}
	_, err = s.client.DeleteSecret(ctx, in)
	if err == nil {
		return nil
	}
	ctx, cancel := settling(ctx)
	defer cancel()
	switch d, descErr := s.describe(ctx, name); {
	case descErr != nil:
		return outcome("DeleteSecret", name, err, descErr)
	case d.DeletedDate != nil: // taken, though the answer was lost
		return nil
	default:
		return classify("DeleteSecret", name, err)
	}
}

// days that AWS accepts for a deletion's recovery window.
const minWindow, maxWindow = 7, 30

// CheckWindow reports whether AWS accepts a recovery window.
//
// https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_DeleteSecret.html
func CheckWindow(days int) error {
	if days < minWindow || days > maxWindow {
		return fmt.Errorf("a recovery window of %d days: AWS takes %d to %d", days, minWindow, maxWindow)
	}
	return nil
}

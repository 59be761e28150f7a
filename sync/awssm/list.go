package awssm

import (
	"context"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	stdsync "sync"

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
	in := &sm.ListSecretsInput{IncludePlannedDeletion: aws.Bool(true), MaxResults: aws.Int32(pageSize), Filters: filters(f)}
	var all []sync.Listed
	var pages pages
	for {
		out, err := s.client.ListSecrets(ctx, in)
		if err != nil {
			return nil, classify("ListSecrets", "", err)
		}
		for _, e := range out.SecretList {
			l := sync.Listed{
				Name: aws.ToString(e.Name), Tags: tags(e.Tags),
				Deleted: aws.ToTime(e.DeletedDate), Changed: aws.ToTime(e.LastChangedDate), Facts: listed(e),
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

// What AWS takes of filters: so many, with values of this form, of which "!" at
// the beginning means something else.
//
// https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_Filter.html
const (
	maxFilters     = 10
	maxFilterValue = 512
)

var filterValue = stdsync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[a-zA-Z0-9 :_@/+=.\-][a-zA-Z0-9 :_@/+=.\-!]*$`) })

// filters are as much of a filter as AWS takes, which selects at least what the
// filter does: the rest is done here.
func filters(f sync.Filter) []types.Filter {
	var all []types.Filter
	add := func(key types.FilterNameStringType, value string) {
		if len(all) < maxFilters && len(value) <= maxFilterValue && filterValue().MatchString(value) {
			all = append(all, types.Filter{Key: key, Values: []string{value}})
		}
	}
	add(types.FilterNameStringTypeName, f.Prefix)
	for _, key := range slices.Sorted(maps.Keys(f.Tags)) {
		add(types.FilterNameStringTypeTagKey, key)
		add(types.FilterNameStringTypeTagValue, f.Tags[key])
	}
	return all
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

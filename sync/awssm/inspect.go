package awssm

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	sm "github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"

	"hci/sync"
)

var (
	_ sync.Inspector = (*Store)(nil)
	_ sync.Tidier    = (*Store)(nil)
)

// Inspect implements [sync.Inspector], by one DescribeSecret each, but for those
// whose facts are from a list; see [Store.Listing]. A secret's resource policy
// is asked for where Policy is set to any text.
func (s *Store) Inspect(ctx context.Context, held []sync.Held) error {
	places := make([]int, len(held))
	for i := range places {
		places[i] = i
	}
	_, err := inParallel(ctx, places, func(ctx context.Context, i int) (struct{}, error) {
		return struct{}{}, s.inspect(ctx, &held[i])
	})
	return err
}

// inspect fills in one secret's facts. The error is that nothing at all can be
// read.
func (s *Store) inspect(ctx context.Context, h *sync.Held) error {
	if h.Err != nil || h.Facts != nil && h.Facts.Listed {
		return nil
	}
	policy := h.Facts != nil && h.Facts.Policy != nil
	d, err := s.describe(ctx, h.Name)
	if err := fatal("DescribeSecret", err); err != nil {
		return err
	}
	if err != nil {
		h.Facts = &sync.Facts{Err: classify("DescribeSecret", h.Name, err)}
		return nil
	}
	h.Facts = facts(d)
	if !policy {
		return nil
	}
	out, err := s.client.GetResourcePolicy(ctx, &sm.GetResourcePolicyInput{SecretId: &h.Name})
	if err := fatal("GetResourcePolicy", err); err != nil {
		return err
	}
	if err == nil { // one that may not be read is not compared
		h.Facts.Policy = aws.String(aws.ToString(out.ResourcePolicy))
	}
	return nil
}

func facts(d *sm.DescribeSecretOutput) *sync.Facts {
	f := &sync.Facts{Description: aws.ToString(d.Description), KMSKeyID: aws.ToString(d.KmsKeyId), Tags: tags(d.Tags), Owner: owner(d)}
	for _, r := range d.ReplicationStatus {
		f.Replicas = append(f.Replicas, aws.ToString(r.Region))
	}
	slices.Sort(f.Replicas)
	f.Stale = stale(d)
	if pending := holder(d, labelPending); pending != current(d) && f.Stale[labelPending] == "" {
		f.Rotating = pending
	}
	return f
}

// tags are AWS's tags as a map; nil if there are none.
func tags(list []types.Tag) map[string]string {
	if len(list) == 0 {
		return nil
	}
	all := make(map[string]string, len(list))
	for _, tag := range list {
		all[aws.ToString(tag.Key)] = aws.ToString(tag.Value)
	}
	return all
}

// owner is who else gives a secret its value.
func owner(d *sm.DescribeSecretOutput) sync.Owner {
	own := ""
	if a, err := arn.Parse(aws.ToString(d.ARN)); err == nil {
		own = a.Region
	}
	switch primary := aws.ToString(d.PrimaryRegion); {
	case aws.ToString(d.OwningService) != "":
		return sync.Owner{Kind: sync.OwnerService, By: *d.OwningService}
	case primary != "" && own != "" && primary != own:
		return sync.Owner{Kind: sync.OwnerPrimary, By: primary}
	case aws.ToBool(d.RotationEnabled):
		by := aws.ToString(d.RotationLambdaARN)
		return sync.Owner{Kind: sync.OwnerRotation, By: by[strings.LastIndexByte(by, ':')+1:]}
	}
	return sync.Owner{}
}

// stale are the labels that hci left: its own, and AWSPENDING where it moved
// AWSCURRENT off the version that bears it. That shows in AWSPREVIOUS: a version
// that a rotation is about to make current has never been it.
func stale(d *sm.DescribeSecretOutput) map[string]string {
	var found map[string]string
	for version, labels := range d.VersionIdsToStages {
		for _, label := range labels {
			if ours(label) || label == labelPending && slices.Contains(labels, labelPrevious) {
				if found == nil {
					found = map[string]string{}
				}
				found[label] = version
			}
		}
	}
	return found
}

// Tidy implements [sync.Tidier].
func (s *Store) Tidy(ctx context.Context, h sync.Held) error {
	if h.Facts == nil {
		return nil
	}
	var all []error
	for label, version := range h.Facts.Stale {
		all = append(all, s.detach(ctx, h.Name, version, label))
	}
	var missing *types.ResourceNotFoundException
	if err := errors.Join(all...); err != nil && !errors.As(err, &missing) {
		return err
	}
	return nil
}

package ssm

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"hci/internal/aws/client"
	"hci/sync"
	"hci/sync/secret"
)

const (
	maxVersions = 100 // AWS keeps no more
	pageSize    = 50  // of GetParameterHistory and DescribeParameters
)

// wireHistory is an answer of GetParameterHistory.
//
// https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_ParameterHistory.html
type wireHistory struct {
	Parameters []wirePast
	NextToken  string
}

type wirePast struct {
	Name, Value, LastModifiedUser string
	Version                       int
	Labels                        []string
	LastModifiedDate              *client.Time
}

// errTokenRepeats is a list that would go on for ever.
var errTokenRepeats = errors.New("AWS answered the same NextToken twice, so the list would never end")

// past lists the versions that AWS keeps, the oldest first.
func (s *Store) past(ctx context.Context, name string, decrypt bool) ([]wirePast, error) {
	in := map[string]any{"Name": name, "WithDecryption": decrypt, "MaxResults": pageSize}
	var all []wirePast
	err := pages(ctx, s, "GetParameterHistory", in, func(out *wireHistory) bool {
		return len(out.Parameters) > 0 && !slices.ContainsFunc(out.Parameters, func(p wirePast) bool { return p.Name != name || p.Version == 0 })
	}, func(out *wireHistory) string {
		all = append(all, out.Parameters...)
		return out.NextToken
	})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(all, func(a, b wirePast) int { return a.Version - b.Version })
	return all, nil
}

// pages asks for one page of a list after the other. take takes one in, and tells the
// token of the next.
func pages[Out any](ctx context.Context, s *Store, operation string, in map[string]any, proven func(*Out) bool, take func(*Out) string) error {
	seen := map[string]bool{}
	for {
		out, err := read(ctx, s, operation, in, proven)
		if err != nil {
			return err
		}
		next := take(out)
		switch {
		case next == "":
			return nil
		case seen[next]:
			return errTokenRepeats
		}
		seen[next] = true
		in["NextToken"] = next
	}
}

// Versions implements [sync.Versions]. AWS tells who made each.
func (s *Store) Versions(ctx context.Context, name string) ([]sync.Version, error) {
	past, err := s.past(ctx, name, false)
	if err != nil {
		return nil, classify("GetParameterHistory", name, err)
	}
	var all []sync.Version
	for _, p := range slices.Backward(past) {
		v := sync.Version{ID: strconv.Itoa(p.Version), Labels: p.Labels, By: p.LastModifiedUser}
		if at := p.LastModifiedDate.Time(); at != nil {
			v.Made = *at
		}
		all = append(all, v)
	}
	return all, nil
}

// ReadVersions implements [sync.Versions].
func (s *Store) ReadVersions(ctx context.Context, name string, all []sync.Version) error {
	past, err := s.past(ctx, name, true)
	if err := fatal("GetParameterHistory", err); err != nil {
		return err
	}
	for i := range all {
		v := &all[i]
		at := slices.IndexFunc(past, func(p wirePast) bool { return strconv.Itoa(p.Version) == v.ID })
		switch {
		case err != nil:
			v.Err = classify("GetParameterHistory", name, err)
		case at < 0:
			v.Err = &sync.VersionError{Name: name, Version: v.ID, Why: "is not kept any more"}
		default:
			v.Content, v.HasValue = sync.Content{Value: secret.New(past[at].Value)}, true
		}
	}
	return nil
}

// ReadPrevious implements [sync.History].
func (s *Store) ReadPrevious(ctx context.Context, names []string) ([]sync.Held, error) {
	var all []sync.Held
	for _, name := range names {
		past, err := s.past(ctx, name, true)
		switch {
		case missing(err):
			continue
		case fatal("GetParameterHistory", err) != nil:
			return nil, fatal("GetParameterHistory", err)
		case err != nil:
			all = append(all, sync.Held{Name: name, Err: classify("GetParameterHistory", name, err)})
			continue
		}
		h := sync.Held{Name: name, Version: strconv.Itoa(past[len(past)-1].Version)}
		if len(past) > 1 {
			p := past[len(past)-2]
			h.Previous, h.Value, h.HasValue = strconv.Itoa(p.Version), secret.New(p.Value), true
			if at := p.LastModifiedDate.Time(); at != nil {
				h.Changed = *at
			}
		}
		all = append(all, h)
	}
	return all, ctx.Err()
}

// Return implements [sync.History]: the earlier value is written as a new version.
func (s *Store) Return(ctx context.Context, name, to string, seen sync.Held) (string, error) {
	one := []sync.Version{{ID: to}}
	if err := s.ReadVersions(ctx, name, one); err != nil {
		return "", err
	}
	if one[0].Err != nil {
		return "", fmt.Errorf("parameter %q: %w", name, one[0].Err)
	}
	return s.Write(ctx, name, one[0].Content, seen)
}

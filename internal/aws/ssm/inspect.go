package ssm

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"hci/internal/aws/client"
	"hci/sync"
)

// wireDescribed is an answer of DescribeParameters.
//
// https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_ParameterMetadata.html
type wireDescribed struct {
	Parameters []wireSettings
	NextToken  string
}

type wireSettings struct {
	Name, Type, Description, Tier, DataType, AllowedPattern string
	KeyID                                                   string `json:"KeyId"`
	Version                                                 int
	LastModifiedDate                                        *client.Time
}

// described lists the settings of parameters that a filter selects.
func (s *Store) described(ctx context.Context, option string, values []string) ([]wireSettings, error) {
	in := map[string]any{"MaxResults": pageSize}
	if len(values) > 0 {
		in["ParameterFilters"] = []any{map[string]any{"Key": "Name", "Option": option, "Values": values}}
	}
	var all []wireSettings
	err := pages(ctx, s, "DescribeParameters", in, func(out *wireDescribed) bool {
		return out.Parameters != nil && !slices.ContainsFunc(out.Parameters, func(p wireSettings) bool { return p.Name == "" || p.Type == "" })
	}, func(out *wireDescribed) string {
		all = append(all, out.Parameters...)
		return out.NextToken
	})
	if err != nil {
		return nil, err
	}
	return all, nil
}

// Inspect implements [sync.Inspector]. What may not be asked for is not known,
// which keeps a parameter from being written only; see [Store.Write].
func (s *Store) Inspect(ctx context.Context, held []sync.Held) error {
	err := s.describe(ctx, held)
	var access *sync.AccessError
	var unknown *unknownSettingsError
	if errors.As(err, &access) || errors.As(err, &unknown) {
		return nil
	}
	return err
}

// unknownSettingsError says that AWS lists no settings of a parameter.
type unknownSettingsError struct{ name string }

func (e *unknownSettingsError) Error() string {
	return fmt.Sprintf("parameter %q: its key and tier are not known, and writing it could change them; nothing was written", e.name)
}

// Next says what may be missing.
func (*unknownSettingsError) Next() string {
	return "allow the identity ssm:DescribeParameters"
}

// describe fills in the settings of parameters.
func (s *Store) describe(ctx context.Context, held []sync.Held) error {
	var names []string
	for _, h := range held {
		if h.Err == nil {
			names = append(names, h.Name)
		}
	}
	found := map[string]wireSettings{}
	for chunk := range slices.Chunk(names, pageSize) {
		all, err := s.described(ctx, "Equals", chunk)
		if err != nil {
			name := ""
			if len(names) == 1 {
				name = names[0]
			}
			return classify("DescribeParameters", name, err)
		}
		for _, p := range all {
			found[p.Name] = p
		}
	}
	var lacking error
	for i, h := range held {
		p, ok := found[h.Name]
		switch {
		case h.Err != nil:
		case !ok:
			lacking = &unknownSettingsError{h.Name}
		default:
			held[i].Facts = &sync.Facts{
				Description: p.Description, KMSKeyID: p.KeyID,
				Parameter: &sync.Parameter{Type: p.Type, Tier: p.Tier, DataType: p.DataType, AllowedPattern: p.AllowedPattern},
			}
		}
	}
	return lacking
}

// List implements [sync.Lister], by the beginning of the name only: a list holds
// no tags.
func (s *Store) List(ctx context.Context, f sync.Filter) ([]sync.Listed, error) {
	var prefix []string
	if f.Prefix != "" {
		prefix = []string{f.Prefix}
	}
	found, err := s.described(ctx, "BeginsWith", prefix)
	if err != nil {
		return nil, classify("DescribeParameters", "", err)
	}
	var all []sync.Listed
	for _, p := range found {
		l := sync.Listed{Name: p.Name}
		if at := p.LastModifiedDate.Time(); at != nil {
			l.Changed = *at
		}
		if f.Selects(l) {
			all = append(all, l)
		}
	}
	slices.SortFunc(all, func(a, b sync.Listed) int { return strings.Compare(a.Name, b.Name) })
	return all, nil
}

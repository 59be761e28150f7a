package ssm

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"hci/internal/aws/client"
	"hci/sync"
	"hci/sync/secret"
)

// wireParameter is a parameter as GetParameter and GetParameters answer it.
//
// https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_Parameter.html
type wireParameter struct {
	Name, Type, Value, ARN, Selector string
	Version                          int
	LastModifiedDate                 *client.Time
}

type (
	wireGot struct {
		Parameters        []wireParameter
		InvalidParameters []string
	}
	wireOne struct{ Parameter wireParameter }
)

// batchSize is how many names GetParameters takes.
const batchSize = 10

func (p wireParameter) held() sync.Held {
	h := sync.Held{Name: p.Name, ARN: p.ARN, Value: secret.New(p.Value), Version: strconv.Itoa(p.Version), HasValue: true}
	if at := p.LastModifiedDate.Time(); at != nil {
		h.Changed = *at
	}
	return h
}

// proven reports whether an answer is about all names that were asked for, with
// a selector or without.
func (g *wireGot) proven(names []string) bool {
	for _, name := range names {
		if g.of(name) == nil && !slices.Contains(g.InvalidParameters, name) {
			return false
		}
	}
	return len(g.Parameters)+len(g.InvalidParameters) == len(names)
}

// of returns the parameter that was asked for as "name" or "name:version".
func (g *wireGot) of(asked string) *wireParameter {
	name, version, selected := strings.Cut(asked, ":")
	for i := range g.Parameters {
		p := &g.Parameters[i]
		if p.Name == name && p.ARN != "" && p.Version > 0 && (!selected || strconv.Itoa(p.Version) == version) {
			return p
		}
	}
	return nil
}

// get asks for up to ten parameters.
func (s *Store) get(ctx context.Context, asked []string, decrypt bool) (*wireGot, error) {
	return read(ctx, s, "GetParameters", map[string]any{"Names": asked, "WithDecryption": decrypt}, func(out *wireGot) bool { return out.proven(asked) })
}

// Read implements [sync.Store].
func (s *Store) Read(ctx context.Context, names []string) ([]sync.Held, error) {
	var all []sync.Held
	for chunk := range slices.Chunk(names, batchSize) {
		held, err := s.readChunk(ctx, chunk)
		if err != nil {
			return nil, err
		}
		all = append(all, held...)
	}
	return all, ctx.Err()
}

// readChunk reads up to ten parameters, in the order of their names.
func (s *Store) readChunk(ctx context.Context, names []string) ([]sync.Held, error) {
	got, err := s.get(ctx, names, true)
	if err := fatal("GetParameters", err); err != nil {
		return nil, err
	}
	var all []sync.Held
	for _, name := range names {
		// AWS refuses a whole batch for one parameter or one key.
		if err != nil {
			h, there, err := s.readOne(ctx, name)
			if err != nil {
				return nil, err
			}
			if there {
				all = append(all, h)
			}
			continue
		}
		if p := got.of(name); p != nil {
			all = append(all, p.held())
		}
	}
	return all, nil
}

// readOne reads one parameter. The error is that nothing at all can be read.
func (s *Store) readOne(ctx context.Context, name string) (h sync.Held, there bool, err error) {
	in := map[string]any{"Name": name, "WithDecryption": true}
	out, err := read(ctx, s, "GetParameter", in, func(out *wireOne) bool {
		return (&wireGot{Parameters: []wireParameter{out.Parameter}}).of(name) != nil
	})
	switch {
	case err == nil:
		return out.Parameter.held(), true, nil
	case missing(err):
		return sync.Held{}, false, nil
	case fatal("GetParameter", err) != nil:
		return sync.Held{}, false, fatal("GetParameter", err)
	}
	return sync.Held{Name: name, Err: classify("GetParameter", name, err)}, true, nil
}

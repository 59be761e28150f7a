package ssm

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"hci/internal/aws/client"
	"hci/sync"
)

type wirePut struct{ Version int }

// errBytes is a content that the Parameter Store has no form for.
var errBytes = errors.New("a parameter holds a text, no bytes")

// Create implements [sync.Store].
func (s *Store) Create(ctx context.Context, name string, c sync.Content, m sync.Meta) (string, error) {
	if c.Binary || m.Parameter == nil {
		return "", fmt.Errorf("parameter %q: %w", name, errBytes)
	}
	in := map[string]any{"Name": name, "Value": c.Value.Reveal(), "Type": m.Parameter.Type}
	set(in, "KeyId", m.KMSKeyID)
	set(in, "Description", m.Description)
	set(in, "Tier", m.Parameter.Tier)
	set(in, "DataType", m.Parameter.DataType)
	set(in, "AllowedPattern", m.Parameter.AllowedPattern)
	var tags []map[string]string
	for _, key := range slices.Sorted(maps.Keys(m.Tags)) {
		tags = append(tags, map[string]string{"Key": key, "Value": m.Tags[key]})
	}
	if len(tags) > 0 {
		in["Tags"] = tags
	}
	return s.put(ctx, name, in, 0, c)
}

func set(in map[string]any, key, value string) {
	if value != "" {
		in[key] = value
	}
}

// Write implements [sync.Store].
func (s *Store) Write(ctx context.Context, name string, c sync.Content, seen sync.Held) (string, error) {
	if c.Binary {
		return "", fmt.Errorf("parameter %q: %w", name, errBytes)
	}
	before, err := strconv.Atoi(seen.Version)
	if err != nil {
		return "", conflict(name)
	}
	if seen.Facts == nil || seen.Facts.Parameter == nil {
		one := []sync.Held{seen}
		if err := s.describe(ctx, one); err != nil {
			return "", err
		}
		seen = one[0]
	}
	got, err := s.get(ctx, []string{name}, false)
	if err != nil {
		return "", classify("GetParameters", name, err)
	}
	switch now := got.of(name); {
	case now == nil:
		return "", fmt.Errorf("parameter %q: %w", name, sync.ErrNotFound)
	case now.Version != before:
		return "", conflict(name)
	}
	f := seen.Facts
	in := map[string]any{"Name": name, "Value": c.Value.Reveal(), "Overwrite": true, "Type": f.Parameter.Type}
	set(in, "KeyId", f.KMSKeyID)
	set(in, "Description", f.Description)
	set(in, "Tier", tier(f.Parameter.Tier, c))
	set(in, "DataType", f.Parameter.DataType)
	set(in, "AllowedPattern", f.Parameter.AllowedPattern)
	return s.put(ctx, name, in, before, c)
}

// tier is the one that a parameter is in, or AWS's choice for a value that needs
// more: [sync.Plan.Check] lets that pass where the code leaves the choice to AWS.
func tier(held string, c sync.Content) string {
	if c.Value.Len() > sync.MaxStandard && held == "Standard" {
		return "Intelligent-Tiering"
	}
	return held
}

// Restore implements [sync.Store]: a parameter is never scheduled for deletion.
func (s *Store) Restore(context.Context, string) error { return nil }

// put sends PutParameter until it is known what became of it. before is the
// version that there is, 0 if there is none.
func (s *Store) put(ctx context.Context, name string, in map[string]any, before int, c sync.Content) (string, error) {
	for attempt := 0; ; attempt++ {
		if err := s.pace.wait(ctx, "PutParameter"); err != nil {
			return "", err
		}
		out := wirePut{}
		err := s.client.Try(ctx, "PutParameter", in, &out)
		switch {
		case err == nil && out.Version == before+1:
			return strconv.Itoa(out.Version), nil
		case client.Refused(err, "PutParameter") && client.Code(err) == alreadyExists, client.Refused(err, "PutParameter") && missing(err):
			return "", conflict(name)
		case client.Refused(err, "PutParameter"), errors.Is(err, client.ErrCredentials):
			return "", classify("PutParameter", name, err)
		case client.Throttled(err):
		default: // its answer was lost, proves nothing, or tells of another's write
			version, done, settleErr := s.settle(ctx, name, before, c)
			if done || settleErr != nil {
				return version, unsettled(name, err, settleErr)
			}
			if out.Version > 0 { // it was carried out, and is not seen
				return "", fmt.Errorf("parameter %q: %w: AWS made version %d, which is not the current one", name, sync.ErrUncertain, out.Version)
			}
		}
		if err == nil {
			err = errUnproven
		}
		if attempt == attempts-1 || ctx.Err() != nil {
			return "", classify("PutParameter", name, err)
		}
		if err := pauseBefore(ctx, attempt); err != nil {
			return "", err
		}
	}
}

// unsettled is the error of a write that was looked up.
func unsettled(name string, err, settleErr error) error {
	var over *sync.OverwroteError
	switch {
	case settleErr == nil, errors.As(settleErr, &over), errors.Is(settleErr, sync.ErrConflict):
		return settleErr
	case err == nil:
		return fmt.Errorf("%w: %w", sync.ErrUncertain, settleErr)
	}
	return fmt.Errorf("parameter %q: %w: %w, and then %w", name, sync.ErrUncertain, classify("PutParameter", name, err), settleErr)
}

// settleTimeout bounds, after a context ended, finding out what became of a write.
const settleTimeout = 15 * time.Second

// settle finds out what became of a write: done is false if it was certainly not
// carried out, so that it may be sent again.
func (s *Store) settle(ctx context.Context, name string, before int, c sync.Content) (version string, done bool, err error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), settleTimeout)
	defer cancel()
	got, err := s.get(ctx, []string{name}, true)
	if err != nil {
		return "", false, classify("GetParameters", name, err)
	}
	now := got.of(name)
	switch {
	case now == nil && before == 0, now != nil && now.Version == before:
		return "", false, nil
	case now == nil:
		return "", true, conflict(name)
	}
	since, err := s.since(ctx, name, before, *now)
	if err != nil {
		return "", false, err
	}
	ours, theirs := 0, 0
	for _, p := range since { // the oldest first
		switch {
		case p.held().Content().Equal(c):
			ours = p.Version
		case ours == 0:
			theirs = p.Version
		}
	}
	switch {
	case ours == 0: // what there is is somebody else's
		return "", true, conflict(name)
	case before == 0 && theirs > 0:
		return "", true, conflict(name)
	case theirs > 0 && ours == now.Version:
		return "", true, &sync.OverwroteError{Name: name, Theirs: strconv.Itoa(theirs), Version: strconv.Itoa(ours)}
	}
	return strconv.Itoa(ours), true, nil
}

// since returns the versions after one, up to the current.
func (s *Store) since(ctx context.Context, name string, before int, now wireParameter) ([]wireParameter, error) {
	var asked []string
	for n := max(before+1, now.Version-maxVersions+1); n < now.Version; n++ {
		asked = append(asked, name+":"+strconv.Itoa(n))
	}
	var all []wireParameter
	for chunk := range slices.Chunk(asked, batchSize) {
		got, err := s.get(ctx, chunk, true)
		if err != nil {
			return nil, classify("GetParameters", name, err)
		}
		for _, one := range chunk {
			if p := got.of(one); p != nil {
				all = append(all, *p)
			}
		}
	}
	return append(all, now), nil
}

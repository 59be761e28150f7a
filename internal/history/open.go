package history

import (
	"cmp"
	"context"
	"errors"
	"runtime"
	"slices"
	stdsync "sync"

	"hci/crypto"
	"hci/internal/sealed"
	"hci/sync/secret"
)

// Opener opens versions of one environment's sealed file.
type Opener struct {
	Files sealed.Files
	// Phrases are the passphrases that are at hand, the present one first.
	Phrases []secret.Value
	// More are passphrases of older versions that can be had without asking. It is
	// called if the present one does not open all; nil: there are none.
	More func(ctx context.Context) []secret.Value
	// Older asks for one more passphrase, for the versions that none of those
	// opens. It is asked until it returns an error: nobody knows another one.
	Older func(ctx context.Context, left int) (secret.Value, error)
	// Step is called after each version that was tried; nil: nobody is told.
	Step func()

	mu     stdsync.Mutex
	params []crypto.Params // that fitted so far
}

// Open opens versions, given by name, the newest first, and hands each over that
// opens. What does not open is returned with the reason. Each needs a derivation
// of its own, so all cores derive.
//
// A version that no passphrase opens would take seconds if all parameters that
// are usual were tried on it. So the parameters that fitted others are tried
// first, and all of them on the oldest of those that are left, which came before
// hci, and on the newest if nothing fitted yet.
func (o *Opener) Open(ctx context.Context, names []string, data map[string][]byte, took func(name string, c *sealed.Content)) map[string]error {
	r := &opening{Opener: o, ctx: ctx, data: data, took: took, failed: map[string]error{}}
	left := names
	given := len(o.Phrases)
	for _, phrase := range o.Phrases {
		left = r.known(phrase, left)
	}
	if len(left) > 0 && o.More != nil {
		for _, phrase := range o.More(ctx) {
			if !slices.ContainsFunc(o.Phrases, phrase.Equal) {
				o.Phrases = append(o.Phrases, phrase)
				left = r.known(phrase, left)
			}
		}
	}
	for _, phrase := range o.Phrases[:given] { // hci itself sealed with those of More
		left = r.widely(phrase, left, len(r.params) == 0)
	}
	for len(left) > 0 && o.Older != nil && ctx.Err() == nil {
		phrase, err := o.Older(ctx, len(left))
		if err != nil {
			break
		}
		o.Phrases = append(o.Phrases, phrase)
		left = r.widely(phrase, r.known(phrase, left), true)
	}
	for _, name := range left {
		r.failed[name] = cmp.Or(ctx.Err(), crypto.ErrWrongPassphrase)
	}
	return r.failed
}

// opening is one call of Open.
type opening struct {
	*Opener
	ctx    context.Context
	data   map[string][]byte
	took   func(string, *sealed.Content)
	failed map[string]error
}

// known tries the parameters that fitted others, or, where there are none yet,
// those of the newest version. It returns what is left.
func (r *opening) known(phrase secret.Value, names []string) []string {
	if len(names) > 0 && len(r.params) == 0 && r.open(names[0], phrase, nil) {
		names = names[1:]
	}
	params := slices.Clone(r.params)
	if len(params) == 0 {
		params = append(slices.Clone(r.Files.Params), crypto.DefaultParams())
	}
	if len(names) == 0 {
		return nil
	}
	next, left := make(chan string), make([]string, 0)
	var workers stdsync.WaitGroup
	var mu stdsync.Mutex
	for range min(runtime.GOMAXPROCS(0), len(names)) {
		workers.Go(func() {
			for name := range next {
				if !r.open(name, phrase, params) {
					mu.Lock()
					left = append(left, name)
					mu.Unlock()
				}
			}
		})
	}
	for _, name := range names {
		if r.ctx.Err() != nil {
			mu.Lock()
			left = append(left, name)
			mu.Unlock()
			continue
		}
		next <- name
	}
	close(next)
	workers.Wait()
	order := map[string]int{}
	for i, name := range names {
		order[name] = i
	}
	slices.SortFunc(left, func(a, b string) int { return order[a] - order[b] })
	return left
}

// widely tries all usual parameters on the oldest version, and on the newest if
// that is asked for, and goes on as long as that helps.
func (r *opening) widely(phrase secret.Value, names []string, newest bool) []string {
	for len(names) > 0 && r.ctx.Err() == nil {
		switch last := len(names) - 1; {
		case (newest || last == 0) && r.open(names[0], phrase, nil):
			names = r.known(phrase, names[1:])
		case last > 0 && r.open(names[last], phrase, nil):
			names = r.known(phrase, names[:last])
		default:
			return names
		}
	}
	return names
}

// open tries a passphrase on a version, with all usual parameters if none are
// given. It returns false if the passphrase does not open it.
func (r *opening) open(name string, phrase secret.Value, params []crypto.Params) bool {
	content, err := r.Files.OpenVersion(r.data[name], phrase, params)
	if errors.Is(err, crypto.ErrWrongPassphrase) {
		return false
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.Step != nil {
		r.Step()
	}
	if err != nil {
		r.failed[name] = err
		return true
	}
	p := content.Params
	p.Encoding, p.NoSalt, p.Salt = crypto.Binary, false, nil
	if !slices.ContainsFunc(r.params, p.Equal) {
		r.params = append(r.params, p)
	}
	r.took(name, content)
	return true
}

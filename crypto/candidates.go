package crypto

import "slices"

// cheapIterations is what a candidate may cost that is tried although another
// one fitted already.
const cheapIterations = 10_000

// defaults are the iteration counts of [DefaultParams] of all versions, newest
// first. A count never leaves this list: files with it lie in repositories.
var defaults = []int{600_000}

// A round is candidates that are tried at the same time.
type round []Params

// usual returns the parameters that files are sealed with when nobody declared
// any: OpenSSL's defaults of all versions, hci's, and those that manuals and
// answers recommend. Cheap rounds come first, but hci's default comes before
// what is only likely.
func usual() []round {
	pbkdf2 := func(d Digest, iterations ...int) round {
		var r round
		for _, n := range iterations {
			r = append(r, Params{KDF: PBKDF2, Digest: d, Iterations: n})
		}
		return r
	}
	bytesToKey := func(digests ...Digest) round {
		var r round
		for _, d := range digests {
			r = append(r, Params{KDF: BytesToKey, Digest: d})
		}
		return r
	}
	return []round{
		slices.Concat(pbkdf2(SHA256, 10_000), bytesToKey(SHA256, MD5, SHA512, SHA1, SHA384)),
		slices.Concat(pbkdf2(SHA512, 10_000), pbkdf2(SHA1, 10_000), pbkdf2(MD5, 10_000), pbkdf2(SHA384, 10_000),
			pbkdf2(SHA256, 1, 1000, 2048, 4096, 5000), pbkdf2(SHA1, 1000)),
		pbkdf2(SHA256, defaults...),
		slices.Concat(pbkdf2(SHA256, 20_000, 50_000, 65_536, 100_000, 120_000, 150_000, 200_000, 250_000, 260_000, 300_000, 310_000, 500_000),
			pbkdf2(SHA512, 100_000, 210_000, 250_000, 600_000)),
		slices.Concat(pbkdf2(SHA256, 1_000_000), pbkdf2(SHA512, 1_000_000)),
	}
}

// Usual reports whether [Open] finds p by itself. Other parameters must be
// declared by everybody who opens the file.
func (p Params) Usual() bool {
	p = p.normal()
	if p.Salt != nil || !p.NoSalt && p.SaltLen != defaultSaltLen {
		return false
	}
	return slices.ContainsFunc(usual(), func(r round) bool {
		return slices.ContainsFunc(r, func(q Params) bool {
			return p.KDF == q.KDF && p.Digest == q.Digest && p.Iterations == q.normal().Iterations
		})
	})
}

// plan returns the rounds for a file: every declared candidate alone, then the
// usual ones. Whether there is a salt is for the file to say, and a candidate
// whose salt does not leave whole blocks is left out.
func plan(file *container, o OpenOptions) []round {
	var rounds []round
	var seen []Params
	add := func(r round) {
		var kept round
		for _, p := range r {
			p, ok := file.adapt(p)
			if ok && !slices.ContainsFunc(seen, p.sameKey) {
				kept = append(kept, p)
				seen = append(seen, p)
			}
		}
		if len(kept) > 0 {
			rounds = append(rounds, kept)
		}
	}
	for _, p := range o.Params {
		add(round{p})
	}
	if !o.DeclaredOnly {
		for _, r := range usual() {
			add(r)
		}
	}
	return rounds
}

// adapt makes p agree with what is seen in the file.
func (c *container) adapt(p Params) (Params, bool) {
	p.Encoding = c.encoding
	if !c.salted {
		p.NoSalt, p.SaltLen = p.Salt == nil, 0
		return p, true
	}
	p.NoSalt, p.Salt = false, nil
	p = p.normal()
	return p, c.fits(p.SaltLen)
}

func (p Params) cheap() bool { return p.KDF == BytesToKey || p.Iterations <= cheapIterations }

func (r round) cheap() bool {
	return !slices.ContainsFunc(r, func(p Params) bool { return !p.cheap() })
}

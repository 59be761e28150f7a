package crypto

import (
	"bytes"
	"errors"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"unicode/utf8"
)

// sealWith seals as openssl does, with a salt that proves nothing.
func sealWith(t *testing.T, plaintext, passphrase, salt string, p Params) []byte {
	t.Helper()
	if err := p.Validate(); err != nil {
		t.Fatal(err)
	}
	stream := keyStream{params: p, passphrase: []byte(passphrase), salt: []byte(salt), stop: new(atomic.Bool)}
	stream.grow(keyIVSize)
	return encrypt([]byte(magic+salt), stream.key(), stream.iv(), []byte(plaintext))
}

func newSearch(t *testing.T, sealed []byte, passphrase string, check func([]byte) error) *search {
	t.Helper()
	file, err := parse(sealed, false)
	if err != nil {
		t.Fatal(err)
	}
	s := &search{file: file, passphrase: []byte(passphrase), check: check, stop: new(atomic.Bool)}
	t.Cleanup(s.end)
	return s
}

// look runs the search that Open runs.
func look(t *testing.T, sealed []byte, passphrase string, o OpenOptions) (*search, *Opened, error) {
	t.Helper()
	s := newSearch(t, sealed, passphrase, o.Check)
	got, err := s.run(plan(s.file, o))
	return s, got, err
}

const text = "a text that is long enough to be proof by itself: random bytes are UTF-8 seldom\n"

func pbkdf2Of(d Digest, iterations int) Params { return Params{Digest: d, Iterations: iterations} }

// TestDearCandidatesAreSpared: no candidate is tried once a cheaper one fitted.
func TestDearCandidatesAreSpared(t *testing.T) {
	million := func(p Params) bool { return p.Iterations >= 1_000_000 }
	dear := func(p Params) bool { return !p.cheap() }
	check := func(b []byte) error {
		if !utf8.Valid(b) {
			return errNotText
		}
		return nil
	}
	for _, tc := range []struct {
		name      string
		plaintext string
		p         Params
		check     func([]byte) error
		spared    func(Params) bool
	}{
		{"openssl's default", text, pbkdf2Of(SHA256, 10_000), nil, dear},
		{"openssl's default, short, checked", "a = 1\n", pbkdf2Of(SHA256, 10_000), check, dear},
		{"openssl's default, short", "a = 1\n", pbkdf2Of(SHA256, 10_000), nil, dear},
		{"the oldest", text, Params{KDF: BytesToKey, Digest: MD5}, nil, dear},
		{"our default", text, pbkdf2Of(SHA256, 600_000), nil, func(p Params) bool { return dear(p) && p.Iterations != 600_000 }},
		{"another", text, pbkdf2Of(SHA256, 50_000), nil, million},
	} {
		sealed := sealWith(t, tc.plaintext, "pass", "saltsalt", tc.p)
		s, got, err := look(t, sealed, "pass", OpenOptions{Check: tc.check})
		if err != nil || string(got.Plaintext) != tc.plaintext || !got.Params.sameKey(tc.p) || got.Authenticated {
			t.Errorf("%s: error %v", tc.name, err)
		}
		if i := slices.IndexFunc(s.tried, tc.spared); i >= 0 {
			t.Errorf("%s: %v was tried", tc.name, s.tried[i])
		}
	}
}

// TestEveryUsualCandidateIsFound opens a file of each.
func TestEveryUsualCandidateIsFound(t *testing.T) {
	if testing.Short() {
		t.Skip("derives many keys")
	}
	var all []Params
	for _, r := range usual() {
		all = append(all, r...)
	}
	total := 0
	for i, p := range all {
		if slices.ContainsFunc(all[:i], p.sameKey) {
			t.Errorf("%v is listed twice", p)
		}
		total += p.Iterations
		t.Run(p.String(), func(t *testing.T) {
			t.Parallel()
			sealed, err := Seal([]byte(text), []byte("pass"), p, "")
			if err != nil {
				t.Fatal(err)
			}
			got, err := Open(sealed, []byte("pass"), OpenOptions{})
			if err != nil || !got.Params.sameKey(p) || !got.Authenticated {
				t.Errorf("error %v", err)
			}
		})
	}
	if total > 6_500_000 {
		t.Errorf("a wrong passphrase costs %d iterations; the package doc says 6 million", total)
	}
}

// padded returns a passphrase with which wrong gives right padding as well.
func padded(t *testing.T, wrong []Params, seal func(passphrase string) []byte) (string, []byte) {
	t.Helper()
	for i := range 1_000_000 {
		passphrase := strconv.Itoa(i)
		sealed := seal(passphrase)
		s := newSearch(t, sealed, passphrase, nil)
		all := true
		for _, p := range wrong {
			p, _ := s.file.adapt(p)
			if all = s.try(p, false).padded; !all {
				break
			}
		}
		if all {
			return passphrase, sealed
		}
	}
	t.Fatal("no such passphrase")
	return "", nil
}

// TestAuthenticatedBeatsWeak: a candidate that fits by chance comes first in
// the order, and must not win from the one that proves itself.
func TestAuthenticatedBeatsWeak(t *testing.T) {
	right, wrong := pbkdf2Of(SHA256, 1), pbkdf2Of(MD5, 2)
	const plaintext = "\xff is no text"
	passphrase, sealed := padded(t, []Params{wrong}, func(passphrase string) []byte {
		sealed, err := Seal([]byte(plaintext), []byte(passphrase), right, "")
		if err != nil {
			t.Fatal(err)
		}
		return sealed
	})
	anything := func([]byte) error { return nil }
	for name, o := range map[string]OpenOptions{
		"both declared":     {Check: anything, DeclaredOnly: true, Params: []Params{wrong, right}},
		"among the guesses": {Check: anything, Params: []Params{wrong}},
	} {
		_, got, err := look(t, sealed, passphrase, o)
		if err != nil || string(got.Plaintext) != plaintext || !got.Authenticated || !got.Params.sameKey(right) {
			t.Errorf("%s: error %v", name, err)
		}
	}
	s, got, err := look(t, sealed, passphrase, OpenOptions{Check: anything, DeclaredOnly: true,
		Params: []Params{wrong, pbkdf2Of(SHA256, 20_000)}})
	if err != nil || got.Authenticated || !got.Params.sameKey(wrong) {
		t.Errorf("the weak one alone: error %v", err)
	}
	if len(s.tried) != 1 {
		t.Errorf("beside a weak fit, %v was tried", s.tried[1:])
	}
}

// TestFirstOfTheWeak: of several candidates that fit by chance, the first in
// the order is returned, not the first that was ready.
func TestFirstOfTheWeak(t *testing.T) {
	weak := []Params{pbkdf2Of(SHA256, 3000), pbkdf2Of(SHA1, 1)}
	passphrase, sealed := padded(t, []Params{weak[1], weak[0]}, func(passphrase string) []byte {
		return append([]byte(magic+"saltsalt"), bytes.Repeat([]byte{0x5a}, 48)...)
	})
	anything := func([]byte) error { return nil }
	for range 20 {
		s := newSearch(t, sealed, passphrase, anything)
		var rounds []round
		for _, p := range weak {
			p, _ := s.file.adapt(p)
			rounds = append(rounds, round{p})
		}
		for name, rounds := range map[string][]round{
			"one round":  {slices.Concat(rounds...)},
			"two rounds": rounds,
		} {
			got, err := s.run(rounds)
			if err != nil || !got.Params.sameKey(weak[0]) {
				t.Fatalf("%s: error %v", name, err)
			}
		}
	}
}

// TestPlan: declared candidates come first and are not tried twice.
func TestPlan(t *testing.T) {
	file := &container{Base64, true, make([]byte, 8+32)}
	million := pbkdf2Of(SHA256, 1_000_000)
	rounds := plan(file, OpenOptions{Params: []Params{million, {Digest: MD5, Iterations: 7, NoSalt: true}, million}})
	all := slices.Concat(rounds...)
	if !rounds[0][0].sameKey(million) || !rounds[1][0].sameKey(pbkdf2Of(MD5, 7)) {
		t.Errorf("the plan starts with %v", all[:2])
	}
	for i, p := range all {
		if slices.ContainsFunc(all[:i], p.sameKey) {
			t.Errorf("%v is tried twice", p)
		}
		if p.Encoding != Base64 || p.NoSalt {
			t.Errorf("%v, %v is not what the file shows", p, p.Encoding)
		}
	}
	if want := len(slices.Concat(usual()...)) + 1; len(all) != want {
		t.Errorf("%d candidates, want %d", len(all), want)
	}
}

// TestNothingTooLarge: a file whose last block hides that the plaintext is a
// few bytes over the limit.
func TestNothingTooLarge(t *testing.T) {
	p := pbkdf2Of(SHA256, 1)
	sealed := sealWith(t, strings.Repeat("x", MaxSize+1), "pass", "saltsalt", p)
	got, err := Open(sealed, []byte("pass"), OpenOptions{Params: []Params{p}, DeclaredOnly: true})
	if !errors.Is(err, ErrTooLarge) || got != nil {
		t.Errorf("error %v", err)
	}
}

// TestStopEndsDerivation: a derivation that would take hours ends when nobody
// waits for it.
func TestStopEndsDerivation(t *testing.T) {
	sealed := sealWith(t, text, "pass", "saltsalt", pbkdf2Of(SHA256, 1))
	s := newSearch(t, sealed, "pass", nil)
	s.running.Go(func() {
		if got := s.try(pbkdf2Of(SHA512, 1<<31-1).normal(), true); got.padded {
			t.Error("a stopped candidate has a result")
		}
	})
	s.end()
}

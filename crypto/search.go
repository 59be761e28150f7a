package crypto

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"errors"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"unicode/utf8"
)

// textProof is how many bytes of valid UTF-8 prove that the candidate was
// right: random bytes are that in 1 of 2⁵² cases.
const textProof = 64

var errNotText = errors.New("not valid UTF-8")

// A search tries candidates on one file.
type search struct {
	file       *container
	passphrase []byte
	check      func([]byte) error
	context    string
	foreign    []string
	kept       *MACKeys // nil: this search's own

	stop    *atomic.Bool // ends derivations that nobody waits for
	running sync.WaitGroup

	mu      sync.Mutex
	macKeys map[int]func() []byte // by iterations

	tried []Params // started, in order; for tests
}

// A trial is a candidate whose padding was right, or not.
type trial struct {
	index         int
	params        Params
	plaintext     []byte
	padded        bool
	authenticated bool
	context       string // what it was sealed for, if it is authenticated
}

// end stops what still runs and waits for it.
func (s *search) end() {
	s.stop.Store(true)
	s.running.Wait()
}

// run tries the rounds in order. Which candidate it returns is described at the
// head of the package.
func (s *search) run(rounds []round) (*Opened, error) {
	var weak *Opened
	for _, r := range rounds {
		if weak != nil && !r.cheap() {
			continue
		}
		found, err := s.round(r, &weak)
		if found != nil || err != nil {
			return found, err
		}
	}
	if weak != nil {
		return weak, nil
	}
	return nil, ErrWrongPassphrase
}

// round tries the candidates of one round side by side. It returns as soon as
// there is proof, and otherwise leaves the first weak fit in *weak, unless an
// earlier round left one.
func (s *search) round(r round, weak **Opened) (*Opened, error) {
	s.tried = append(s.tried, r...)
	results := make(chan trial, len(r))
	for i, p := range r {
		// The first one of a round may be likely enough to get all it needs at
		// once; the others derive the key alone until their padding is right.
		whole := i == 0 && (len(r) == 1 || r.cheap()) && runtime.GOMAXPROCS(0) > 1
		s.running.Go(func() {
			t := s.try(p, whole)
			t.index = i
			results <- t
		})
	}
	earlier, first := *weak != nil, len(r)
	for range r {
		t := <-results
		if !t.padded {
			continue
		}
		fit, proof, err := s.judge(t)
		switch {
		case proof:
			return fit, err
		case fit != nil && !earlier && t.index < first:
			*weak, first = fit, t.index
		}
	}
	return nil, nil
}

// judge looks at the content of a candidate with right padding. It returns what
// fits, if it does, and whether that, or the error, is the final answer.
func (s *search) judge(t trial) (fit *Opened, proof bool, err error) {
	text := utf8.Valid(t.plaintext)
	longText := text && len(t.plaintext) >= textProof
	if len(t.plaintext) > MaxSize {
		return nil, t.authenticated || longText, ErrTooLarge
	}
	if t.authenticated && t.context != "" && t.context != s.context {
		return nil, true, &ContextError{Context: t.context, Params: t.params}
	}
	var refused error
	switch {
	case s.check != nil:
		refused = s.check(t.plaintext)
	case !text && !t.authenticated:
		refused = errNotText
	}
	if refused == nil {
		fit = &Opened{Plaintext: t.plaintext, Params: t.params, Authenticated: t.authenticated, Context: t.context}
		return fit, t.authenticated || longText || text && s.check != nil, nil
	}
	if t.authenticated || longText {
		return nil, true, &ContentError{Params: t.params, Authenticated: t.authenticated, Err: refused}
	}
	return nil, false, nil
}

// try derives the keys of one candidate and decrypts. With whole, key, IV and
// MAC key are derived at the same time.
func (s *search) try(p Params, whole bool) trial {
	salt, ciphertext := p.Salt, s.file.body
	if s.file.salted {
		salt, ciphertext = ciphertext[:p.SaltLen], ciphertext[p.SaltLen:]
	}
	stream := keyStream{params: p, passphrase: s.passphrase, salt: salt, stop: s.stop}
	if whole && p.KDF == PBKDF2 && p.authenticable() {
		s.startMACKey(p.macIterations())
	}
	// A block's padding depends on the block before it; only a single one
	// needs the IV.
	end := len(ciphertext)
	single := end == aes.BlockSize
	need := keySize
	if whole || single {
		need = keyIVSize
	}
	if !stream.grow(need) {
		return trial{}
	}
	block := newAES(stream.key())
	var previous []byte
	if single {
		previous = stream.iv()
	} else {
		previous = ciphertext[end-2*aes.BlockSize : end-aes.BlockSize]
	}
	pad := paddingOf(block, previous, ciphertext[end-aes.BlockSize:])
	if pad == 0 {
		return trial{}
	}
	if p.authenticable() {
		s.startMACKey(p.macIterations())
	}
	if !stream.grow(keyIVSize) {
		return trial{}
	}
	plaintext := make([]byte, end)
	cipher.NewCBCDecrypter(block, stream.iv()).CryptBlocks(plaintext, ciphertext)
	plaintext = plaintext[: end-pad : end-pad]
	t := trial{params: p, plaintext: plaintext, padded: true}
	if p.authenticable() {
		macKey := s.macKey(p.macIterations())()
		if macKey == nil {
			return trial{}
		}
		t.context, t.authenticated = s.sealedFor(macKey, p, plaintext, salt)
	}
	return t
}

// sealedFor finds the context that a salt was derived with.
func (s *search) sealedFor(macKey []byte, p Params, plaintext, salt []byte) (context string, ok bool) {
	contexts := append([]string{s.context}, s.foreign...)
	for _, c := range slices.Insert(contexts, 1, "") { // version 1 before what is foreign
		if hmac.Equal(contentSalt(macKey, p, c, plaintext), salt) {
			return c, true
		}
	}
	return "", false
}

// macKey returns a function that derives the MAC key once, for all candidates
// with that many iterations. It yields nil once the search was stopped.
func (s *search) macKey(iterations int) func() []byte {
	if s.kept != nil {
		return s.kept.get(s.passphrase, iterations)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	key, ok := s.macKeys[iterations]
	if !ok {
		key = sync.OnceValue(func() []byte { return deriveMACKey(s.passphrase, iterations, s.stop) })
		if s.macKeys == nil {
			s.macKeys = make(map[int]func() []byte)
		}
		s.macKeys[iterations] = key
	}
	return key
}

// startMACKey begins to derive a MAC key that will be waited for.
func (s *search) startMACKey(iterations int) {
	key := s.macKey(iterations)
	s.running.Go(func() { key() })
}

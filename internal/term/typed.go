package term

// typed are the passphrases that a person typed. The first one serves all
// environments but those that it did not open.
type typed struct {
	shared *Passphrase
	by     string                 // the environment that shared was asked for
	own    map[string]*Passphrase // of environments that shared did not open; nil until asked
	given  map[string]bool        // environments that were given one of these last
}

// alreadyTyped is what a person typed that serves an environment.
func (p *Passphrases) alreadyTyped(env string) (Passphrase, bool) {
	own, apart := p.typed.own[env]
	switch {
	case own != nil:
		return *own, true
	case p.typed.shared != nil && !apart:
		p.give(env)
		return *p.typed.shared, true
	}
	return Passphrase{}, false
}

// keepTyped keeps what a person typed for an environment.
func (p *Passphrases) keepTyped(env string, v Passphrase) {
	if _, apart := p.typed.own[env]; apart {
		p.typed.own[env] = &v
	} else {
		p.typed.shared, p.typed.by = &v, env
	}
	p.give(env)
}

func (p *Passphrases) give(env string) {
	if p.typed.given == nil {
		p.typed.given = map[string]bool{}
	}
	p.typed.given[env] = true
}

// Mistyped says that the passphrase of an environment was wrong. It reports
// whether a person typed it; the next Get asks them again then. What they typed
// for other environments stays.
func (p *Passphrases) Mistyped(env string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.typed.given[env] || p.Terminal == nil {
		return false
	}
	delete(p.typed.given, env)
	_, apart := p.typed.own[env]
	if !apart && p.typed.by == env {
		p.typed.shared = nil
		return true
	}
	if p.typed.own == nil {
		p.typed.own = map[string]*Passphrase{}
	}
	p.typed.own[env] = nil
	return true
}

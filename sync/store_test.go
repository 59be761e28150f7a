package sync_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	stdsync "sync"
	"time"

	"hci/sync"
	"hci/sync/secret"
)

// memory is a Store in memory. Hooks may fail an operation, before or after it
// was carried out.
type memory struct {
	mu     stdsync.Mutex
	held   map[string]sync.Held
	before map[string]string // earlier values
	fail   func(op, name string) error
	after  func(op, name string) error
	n      int
	ops    []string
}

func newMemory(values map[string]string) *memory {
	m := &memory{held: map[string]sync.Held{}, before: map[string]string{}}
	for name, value := range values {
		m.set(name, value)
	}
	return m
}

func (m *memory) set(name, value string) string {
	m.n++
	if old, ok := m.held[name]; ok && old.HasValue {
		m.before[name] = old.Value.Reveal()
	}
	version := fmt.Sprintf("v%d", m.n)
	m.held[name] = sync.Held{Name: name, Value: secret.New(value), HasValue: true, Version: version}
	return version
}

// do runs one operation with its hooks.
func (m *memory) do(op, name string, f func() error) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.ops = append(m.ops, op+" "+name)
	if m.fail != nil {
		if err := m.fail(op, name); err != nil {
			return err
		}
	}
	if err := f(); err != nil {
		return err
	}
	if m.after != nil {
		return m.after(op, name)
	}
	return nil
}

func (m *memory) Read(_ context.Context, names []string) ([]sync.Held, error) {
	var all []sync.Held
	err := m.do("read", fmt.Sprint(len(names)), func() error {
		for _, name := range names {
			if h, ok := m.held[name]; ok {
				all = append(all, h)
			}
		}
		return nil
	})
	return all, err
}

func (m *memory) Create(_ context.Context, name string, c sync.Content, _ sync.Meta) (version string, err error) {
	err = m.do("create", name, func() error {
		if _, ok := m.held[name]; ok {
			return sync.ErrConflict
		}
		version = m.put(name, c)
		return nil
	})
	return version, err
}

func (m *memory) put(name string, c sync.Content) string {
	version := m.set(name, c.Value.Reveal())
	h := m.held[name]
	h.Binary = c.Binary
	m.held[name] = h
	return version
}

func (m *memory) Write(_ context.Context, name string, c sync.Content, seen sync.Held) (version string, err error) {
	err = m.do("write", name, func() error {
		h, ok := m.held[name]
		switch {
		case !ok:
			return sync.ErrNotFound
		case h.Version != seen.Version:
			return sync.ErrConflict
		}
		version = m.put(name, c)
		return nil
	})
	return version, err
}

func (m *memory) Restore(_ context.Context, name string) error {
	return m.do("restore", name, func() error {
		h := m.held[name]
		h.Deleted = time.Time{}
		m.held[name] = h
		return nil
	})
}

func (m *memory) Delete(_ context.Context, name, seen string, _ int) error {
	return m.do("delete", name, func() error {
		h := m.held[name]
		if h.Version != seen {
			return sync.ErrConflict
		}
		h.Deleted = time.Unix(1, 0)
		m.held[name] = h
		return nil
	})
}

func (m *memory) ReadPrevious(_ context.Context, names []string) ([]sync.Held, error) {
	var all []sync.Held
	for _, name := range names {
		h, ok := m.held[name]
		if !ok {
			continue
		}
		old, had := m.before[name]
		one := sync.Held{Name: name, Version: h.Version, Deleted: h.Deleted, Value: secret.New(old), HasValue: had}
		if had {
			one.Previous = "before-" + h.Version
		}
		all = append(all, one)
	}
	return all, nil
}

func (m *memory) Return(_ context.Context, name, to string, seen sync.Held) (string, error) {
	return to, m.do("return", name, func() error {
		if m.held[name].Version != seen.Version {
			return sync.ErrConflict
		}
		value := m.before[name]
		m.set(name, value)
		h := m.held[name]
		h.Version = to
		m.held[name] = h
		return nil
	})
}

// values are what the store holds, by name.
func (m *memory) values() map[string]string {
	all := map[string]string{}
	for name, h := range m.held {
		all[name] = h.Value.Reveal()
		if !h.Deleted.IsZero() {
			all[name] += " (deleted)"
		}
	}
	return all
}

// want is a declared secret whose value is known.
func want(name, value string) sync.Want {
	return sync.Want{Name: name, Status: sync.Known, Value: secret.New(value)}
}

// plan compares the store with what is declared.
func (m *memory) plan(wants ...sync.Want) sync.Plan {
	var held []sync.Held
	for _, name := range slices.Sorted(maps.Keys(m.held)) {
		held = append(held, m.held[name])
	}
	return sync.Diff(held, wants)
}

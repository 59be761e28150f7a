package localsm

import (
	"slices"
	"time"

	"hci/sync/secret"
)

// Version is one value of a secret's history.
type Version struct {
	ID      string
	Value   secret.Value
	Binary  bool // Value is SecretBinary
	Labels  []string
	Created time.Time
}

// History returns all versions of a secret, the oldest first, without a
// request; nil if there is no such secret. Tests compare with it what a client
// believes to have written.
func (s *Server) History(name string) []Version {
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.find(name, s.now())
	if e == nil {
		return nil
	}
	all := []Version{}
	for _, v := range e.versions {
		all = append(all, Version{ID: v.id, Value: v.value, Binary: v.binary, Labels: slices.Clone(v.labels), Created: v.created})
	}
	return all
}

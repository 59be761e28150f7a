package localsm

import (
	"cmp"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
)

// search returns the secrets that pass every filter.
func (c *call) search(filters []filter, pending bool) []*entry {
	var list []*entry
	for name := range c.secrets {
		e := c.find(name, c.now)
		if e == nil || !pending && !e.purge.IsZero() {
			continue
		}
		if !slices.ContainsFunc(filters, func(f filter) bool { return !f.matches(e) }) {
			list = append(list, e)
		}
	}
	return list
}

// place is a unique place in an ordered list.
type place struct {
	At   int64  `json:",omitempty"`
	Seq  int    `json:",omitempty"`
	Name string `json:",omitempty"`
}

func (a place) compare(b place) int {
	return cmp.Or(cmp.Compare(a.At, b.At), cmp.Compare(a.Seq, b.Seq), strings.Compare(a.Name, b.Name))
}

// byDate places a secret by one of its times, and those of equal ones in the
// order of creation. Never is before everything.
func byDate(t time.Time, e *entry) place { return place{At: max(0, t.UnixMilli()), Seq: e.seq} }

func sortKey(by string) func(*entry) place {
	switch by {
	case "name":
		return func(e *entry) place { return place{Name: e.name} }
	case "last-changed-date":
		return func(e *entry) place { return byDate(e.changed, e) }
	case "last-accessed-date":
		return func(e *entry) place { return byDate(e.accessed, e) }
	}
	return func(e *entry) place { return byDate(e.created, e) }
}

// page returns at most n of the items, sorted by a unique key, after the place
// that a NextToken of the same scope names, and the token for the rest. Tokens
// name a place in the order, not a number, so that what is created or deleted
// between two pages makes nothing else repeat or disappear.
func page[T any](s *Server, scope, token string, items []T, key func(T) place, down bool, n int) ([]T, string, *fault) {
	order := func(a, b place) int {
		if down {
			return b.compare(a)
		}
		return a.compare(b)
	}
	if token != "" {
		after, ok := s.openToken(scope, token)
		if !ok {
			return nil, "", fail(invalidNextToken, "The provided NextToken is invalid.")
		}
		items = slices.DeleteFunc(items, func(x T) bool { return order(key(x), after) <= 0 })
	}
	slices.SortFunc(items, func(a, b T) int { return order(key(a), key(b)) })
	if len(items) <= n {
		return items, "", nil
	}
	return items[:n], s.sealToken(scope, key(items[n-1])), nil
}

// sealToken makes a NextToken that is good for the same request only.
func (s *Server) sealToken(scope string, p place) string {
	text, _ := json.Marshal(p) // plain numbers and a string
	return base64.RawURLEncoding.EncodeToString(append(s.tokenSum(scope, text), text...))
}

func (s *Server) tokenSum(scope string, text []byte) []byte {
	h := hmac.New(sha256.New, s.tokenKey[:])
	fmt.Fprintf(h, "%d %s%s", len(scope), scope, text)
	return h.Sum(nil)
}

func (s *Server) openToken(scope, token string) (place, bool) {
	raw, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil || len(raw) < sha256.Size {
		return place{}, false
	}
	sum, text := raw[:sha256.Size], raw[sha256.Size:]
	if !hmac.Equal(sum, s.tokenSum(scope, text)) {
		return place{}, false
	}
	var p place
	err = json.Unmarshal(text, &p)
	return p, err == nil
}

type listEntry struct {
	details
	settingsOut
	SecretVersionsToStages map[string][]string `json:",omitempty"`
}

func (c *call) listSecrets() (any, *fault) {
	filters := c.p.filters()
	pending := c.p.flag("IncludePlannedDeletion")
	n := c.p.number("MaxResults", 1, 100, 100)
	token := c.p.text("NextToken", 1, maxNextToken)
	by := c.p.oneOf("SortBy", "created-date", "last-accessed-date", "last-changed-date", "name")
	order := c.p.oneOf("SortOrder", "asc", "desc")
	if err := c.p.verdict(); err != nil {
		return nil, err
	}
	scope := fmt.Sprintf("list %q %v %q %q", filters, pending, by, order)
	found, next, err := page(c.Server, scope, token, c.search(filters, pending), sortKey(by), order == "desc", n)
	if err != nil {
		return nil, err
	}
	out := struct {
		SecretList []listEntry
		NextToken  string `json:",omitempty"`
	}{[]listEntry{}, next}
	for _, e := range found {
		item := listEntry{e.details(), e.settingsOut(c.o.Region), e.stages()}
		item.DeletedDate = stamp{e.deleted} // "the date and time the deletion of the secret occurred"
		out.SecretList = append(out.SecretList, item)
	}
	return out, nil
}

type batchError struct {
	SecretID  string `json:"SecretId"`
	ErrorCode string
	Message   string
}

type batchOut struct {
	SecretValues []valueOut
	Errors       []batchError
	NextToken    string `json:",omitempty"`
}

func (c *call) batchGetSecretValue() (any, *fault) {
	ids := c.p.texts("SecretIdList", 20, 1, maxID)
	filters := c.p.filters()
	n := c.p.number("MaxResults", 1, 20, 20)
	token := c.p.text("NextToken", 1, maxNextToken)
	if err := c.p.verdict(); err != nil {
		return nil, err
	}
	if (len(ids) == 0) == (len(filters) == 0) {
		return nil, fail(invalidParameter, "Either 'SecretIdList' or 'Filters' must be provided, but not both.")
	}
	if len(filters) == 0 && c.p.has("MaxResults") {
		return nil, fail(invalidParameter, "'Filters' not specified. 'Filters' must also be specified when 'MaxResults' is provided.")
	}
	out := batchOut{SecretValues: []valueOut{}, Errors: []batchError{}}
	if len(filters) == 0 && token != "" {
		return nil, fail(invalidNextToken, "The provided NextToken is invalid.")
	}
	for _, id := range ids {
		c.batchOne(&out, id)
	}
	if len(filters) == 0 {
		return out, nil
	}
	scope := fmt.Sprintf("batch %q", filters)
	found, next, err := page(c.Server, scope, token, c.search(filters, false), sortKey(""), false, n)
	if err != nil {
		return nil, err
	}
	for _, e := range found {
		c.batchOne(&out, e.name)
	}
	out.NextToken = next
	return out, nil
}

// batchOne adds one secret's current value, or the error about it.
func (c *call) batchOne(out *batchOut, id string) {
	e := c.find(id, c.now)
	err := fail(resourceNotFound, secretNotFoundMsg)
	if e != nil && e.purge.IsZero() {
		var v *version
		if v, err = e.pick("", ""); err == nil {
			out.SecretValues = append(out.SecretValues, e.open(v, c.now))
			return
		}
	} else if e != nil {
		err = fail(invalidRequest, pendingMsg)
	}
	out.Errors = append(out.Errors, batchError{id, err.code, err.message})
}

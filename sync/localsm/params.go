package localsm

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"
)

// The service's limits (API Reference and "AWS Secrets Manager quotas").
const (
	maxValue       = 65536 // bytes
	maxName        = 512
	maxID          = 2048
	maxDescription = 2048
	maxKMSKey      = 2048
	maxTags        = 50
	maxTagKey      = 128
	maxTagValue    = 256
	maxLabel       = 256
	maxLabels      = 20 // across all versions of a secret
	maxVersions    = 100
	minToken       = 32
	maxToken       = 64
	maxNextToken   = 4096
)

const invalidNameMsg = "Invalid name. Must be a valid name containing alphanumeric characters, or any of the following: -/_+=.@!"

// params are a request's members. The methods that read one remember what is
// wrong with it; [params.verdict] reports everything at once, as the service
// does. Members that nobody asks for are ignored.
type params struct {
	members map[string]json.RawMessage
	broken  []string
	bad     *fault
}

func parseParams(body []byte) (*params, *fault) {
	p := &params{}
	// encoding/json would replace either silently, and so change a secret.
	if !utf8.Valid(body) || !escapesAreWhole(body) {
		return nil, fail(serialization, "the request body is not valid UTF-8")
	}
	if err := json.Unmarshal(body, &p.members); err != nil || p.members == nil {
		return nil, fail(serialization, "the request body is not a JSON object")
	}
	return p, nil
}

// escapesAreWhole reports whether every \uD800 to \uDFFF in a JSON text is
// half of a pair.
func escapesAreWhole(text []byte) bool {
	unit := func(i int) uint64 {
		if i+6 > len(text) || text[i] != '\\' || text[i+1] != 'u' {
			return 0
		}
		u, err := strconv.ParseUint(string(text[i+2:i+6]), 16, 16)
		if err != nil {
			return 0
		}
		return u
	}
	for i := 0; i < len(text); i++ {
		if text[i] != '\\' {
			continue
		}
		switch u := unit(i); {
		case u >= 0xD800 && u < 0xDC00:
			if low := unit(i + 6); low < 0xDC00 || low > 0xDFFF {
				return false
			}
			i += 11
		case u >= 0xDC00 && u <= 0xDFFF:
			return false
		default:
			i++ // the escaped character; hex digits hold no backslash
		}
	}
	return true
}

func (p *params) has(name string) bool {
	raw, ok := p.members[name]
	return ok && string(raw) != "null"
}

// read decodes a member, if it is there.
func (p *params) read(name string, into any) bool {
	if !p.has(name) {
		return false
	}
	if err := json.Unmarshal(p.members[name], into); err != nil {
		if p.bad == nil {
			p.bad = fail(serialization, "%s has a value of the wrong type", name)
		}
		return false
	}
	return true
}

// violate notes a broken constraint in the words of the service's validator,
// which names members in lower camel case.
func (p *params) violate(value, name, constraint string) {
	p.broken = append(p.broken, fmt.Sprintf("Value%s at '%s' failed to satisfy constraint: Member must %s",
		value, strings.ToLower(name[:1])+name[1:], constraint))
}

func (p *params) need(name string) {
	if !p.has(name) {
		p.violate(" null", name, "not be null")
	}
}

// length checks a length; what is shown is the value, or "" for a secret one.
func (p *params) length(shown, name string, n, lo, hi int) {
	if n < lo {
		p.violate(shown, name, "have length greater than or equal to "+strconv.Itoa(lo))
	}
	if n > hi {
		p.violate(shown, name, "have length less than or equal to "+strconv.Itoa(hi))
	}
}

func (p *params) checked(s, name string, lo, hi int) {
	p.length(" '"+s+"'", name, utf8.RuneCountInString(s), lo, hi)
}

// text reads an optional string of lo to hi characters.
func (p *params) text(name string, lo, hi int) string {
	var s string
	if p.read(name, &s) {
		p.checked(s, name, lo, hi)
	}
	return s
}

// flag reads an optional boolean.
func (p *params) flag(name string) bool {
	var b bool
	p.read(name, &b)
	return b
}

// number reads an optional integer from lo to hi, which has a default.
func (p *params) number(name string, lo, hi, def int) int {
	n := int64(def)
	if p.read(name, &n) {
		if n < int64(lo) {
			p.violate(fmt.Sprintf(" '%d'", n), name, fmt.Sprintf("have value greater than or equal to %d", lo))
		}
		if n > int64(hi) {
			p.violate(fmt.Sprintf(" '%d'", n), name, fmt.Sprintf("have value less than or equal to %d", hi))
		}
	}
	return int(n)
}

// texts reads an optional list of at most n strings of lo to hi characters.
func (p *params) texts(name string, n, lo, hi int) []string {
	var list []string
	if !p.read(name, &list) {
		return nil
	}
	p.length(" '"+strings.Join(list, ", ")+"'", name, len(list), 1, n)
	for i, s := range list {
		p.checked(s, fmt.Sprintf("%s.%d.member", name, i+1), lo, hi)
	}
	return list
}

// oneOf reads an optional string that must be one of the values.
func (p *params) oneOf(name string, values ...string) string {
	var s string
	if p.read(name, &s) && !slices.Contains(values, s) {
		p.violate(" '"+s+"'", name, "satisfy enum value set: ["+strings.Join(values, ", ")+"]")
	}
	return s
}

// tags reads a list of tags.
func (p *params) tags(name string) []tag {
	var list []tag
	p.read(name, &list)
	for i, t := range list {
		p.checked(t.Key, fmt.Sprintf("%s.%d.member.key", name, i+1), 1, maxTagKey)
		p.checked(t.Value, fmt.Sprintf("%s.%d.member.value", name, i+1), 0, maxTagValue)
	}
	return list
}

// secretID reads the required SecretId, a name or an ARN.
func (p *params) secretID() string {
	p.need("SecretId")
	id := p.text("SecretId", 1, maxID)
	if p.bad == nil && id != "" && !strings.HasPrefix(id, "arn:") && !idPattern().MatchString(id) {
		p.bad = fail(validation, invalidNameMsg)
	}
	return id
}

// refuse turns down members that ask for what isn't served here, rather than
// ignoring them.
func (p *params) refuse(names ...string) {
	for _, name := range names {
		if p.has(name) && p.bad == nil {
			p.bad = fail(invalidParameter, "%s is not supported by this server.", name)
		}
	}
}

// verdict is what is wrong with the members read so far.
func (p *params) verdict() *fault {
	if p.bad != nil {
		return p.bad
	}
	switch n := len(p.broken); n {
	case 0:
		return nil
	case 1:
		return fail(validation, "1 validation error detected: %s", p.broken[0])
	default:
		return fail(validation, "%d validation errors detected: %s", n, strings.Join(p.broken, "; "))
	}
}

var (
	// idPattern is what a name in a SecretId may hold. Other services' secrets
	// have an exclamation mark in their names (rds!cluster-…).
	idPattern = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[A-Za-z0-9/_+=.@!-]+$`) })
	// arnEnd is what Secrets Manager puts after the name in a complete ARN.
	arnEnd = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`-[A-Za-z0-9]{6}$`) })
)

// nameIsValid reports whether a secret may be created with this name. The
// documentation advises against, but the service accepts, a name that ends in
// a hyphen and six characters.
func nameIsValid(name string) bool {
	return idPattern().MatchString(name) && !strings.Contains(name, "!")
}

// checkTags applies the rules for a secret's whole list of tags and for the
// tags that a request adds.
func checkTags(added, all []tag) *fault {
	keys := make([]string, 0, len(added))
	for _, t := range added {
		if strings.HasPrefix(t.Key, "aws:") {
			return fail(invalidParameter, "Tag keys that start with aws: are reserved for AWS use.")
		}
		if slices.Contains(keys, t.Key) {
			return fail(invalidParameter, "The list of tags holds a key more than once.")
		}
		keys = append(keys, t.Key)
	}
	if len(all) > maxTags {
		return fail(invalidParameter, "A secret can't have more than %d tags.", maxTags)
	}
	return nil
}

package localsm

import "strings"

// characterTypes are what passwords are made of, and the members that exclude
// them. A space must be asked for.
var characterTypes = [...]struct{ exclude, characters string }{
	{"ExcludeLowercase", "abcdefghijklmnopqrstuvwxyz"},
	{"ExcludeUppercase", "ABCDEFGHIJKLMNOPQRSTUVWXYZ"},
	{"ExcludeNumbers", "0123456789"},
	{"ExcludePunctuation", "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"},
}

func (c *call) getRandomPassword() (any, *fault) {
	n := c.p.number("PasswordLength", 1, 4096, 32)
	without := c.p.text("ExcludeCharacters", 0, 4096)
	types := make([]string, 0, len(characterTypes)+1)
	for _, t := range characterTypes {
		if !c.p.flag(t.exclude) {
			types = append(types, t.characters)
		}
	}
	if c.p.flag("IncludeSpace") {
		types = append(types, " ")
	}
	each := true
	c.p.read("RequireEachIncludedType", &each)
	if err := c.p.verdict(); err != nil {
		return nil, err
	}
	var required []string
	for _, t := range types {
		left := strings.Map(func(r rune) rune {
			if strings.ContainsRune(without, r) {
				return -1
			}
			return r
		}, t)
		if left != "" {
			required = append(required, left)
		}
	}
	pool := strings.Join(required, "")
	if pool == "" {
		return nil, fail(invalidParameter, "The parameters exclude every character that a password could hold.")
	}
	if !each {
		required = nil
	}
	if n < len(required) {
		return nil, fail(invalidParameter, "Password length is too short based on the required types.")
	}
	return struct{ RandomPassword string }{password(n, pool, required)}, nil
}

// password returns n random characters of pool, at least one of each of the
// required sets.
func password(n int, pool string, required []string) string {
	out := make([]byte, n)
	for i := range out {
		from := pool
		if i < len(required) {
			from = required[i]
		}
		out[i] = from[randomInt(len(from))]
	}
	for i := n - 1; i > 0; i-- {
		j := randomInt(i + 1)
		out[i], out[j] = out[j], out[i]
	}
	return string(out)
}

package compare

import (
	"regexp"
	"strings"
	"sync"

	"hci/tfvars/module"
	"hci/tfvars/module/shape"
)

// gap stands for what is not known in a text.
const gap = "\x00"

// nameChar matches what a secret's name can be made of.
const nameChar = `[A-Za-z0-9/_+=.@-]`

// mentions reports whether a text that is known throughout names a secret: the
// name stands in it, and is not a part of a longer word.
func mentions(text, name string) bool {
	for from := 0; ; {
		i := strings.Index(text[from:], name)
		if i < 0 {
			return false
		}
		start, end := from+i, from+i+len(name)
		if (start == 0 || !wordChar(text[start-1])) && (end == len(text) || !wordChar(text[end])) {
			return true
		}
		from = start + 1
	}
}

func wordChar(c byte) bool {
	return c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

var (
	nameTokens = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile("(?:" + nameChar + "|" + gap + ")+") })
	letters    = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`[A-Za-z0-9]`) })
	// arnSuffix is what can follow a name in an ARN: the six characters that AWS
	// adds, or what a policy writes for them.
	arnSuffix = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`-[A-Za-z0-9]{0,6}$`) })
)

// minLetters is how many letters or digits of a name have to be known for a text
// with gaps to name it. Otherwise any "${a}-${b}" would name everything.
const minLetters = 3

// mayMention reports whether a text, of which something is not known, can name a
// secret. After ":secret:" of an ARN anything that fits does; elsewhere enough
// of the name must be known.
func mayMention(pieces []string, name string) bool {
	if len(pieces) == 1 {
		return mentions(pieces[0], name)
	}
	text := strings.Join(pieces, gap)
	for _, at := range nameTokens().FindAllStringIndex(text, -1) {
		token := text[at[0]:at[1]]
		inARN := strings.HasSuffix(text[:at[0]], ":secret:")
		switch {
		case !strings.Contains(token, gap):
			if mentions(token, name) {
				return true
			}
		case !inARN && len(letters().FindAllString(token, minLetters)) < minLetters:
		case fits(token, name) || fits(arnSuffix().ReplaceAllString(token, ""), name):
			return true
		}
	}
	return false
}

// fits reports whether a name can be what a token with gaps says.
func fits(token, name string) bool {
	parts := strings.Split(token, gap)
	if len(parts) == 1 {
		return token == name
	}
	first, last := parts[0], parts[len(parts)-1]
	rest, ok := strings.CutPrefix(name, first)
	if !ok || len(rest) < len(last) || !strings.HasSuffix(rest, last) {
		return false
	}
	rest = rest[:len(rest)-len(last)]
	for _, part := range parts[1 : len(parts)-1] {
		i := strings.Index(rest, part)
		if i < 0 {
			return false
		}
		rest = rest[i+len(part):]
	}
	return true
}

// named reports whether a mention in the code is, or can be, a secret's.
func named(m module.Mention, name string) bool {
	switch {
	case m.NameKnown:
		return m.Name == name || mentions(m.Name, name)
	case m.NameShape == nil:
		return true // nothing is known of it
	}
	pieces := []string{""}
	flatten(m.NameShape, &pieces)
	text := strings.Join(pieces, gap)
	if _, after, ok := strings.Cut(text, ":secret:"); ok {
		text = after
	}
	return fits(text, name) || fits(arnSuffix().ReplaceAllString(text, ""), name)
}

// flatten appends what is known of a text to its pieces.
func flatten(s shape.Shape, pieces *[]string) {
	if c, ok := s.(shape.Concat); ok {
		for _, part := range c {
			flatten(part, pieces)
		}
		return
	}
	if text, ok := shape.Text(s); ok {
		(*pieces)[len(*pieces)-1] += text
		return
	}
	*pieces = append(*pieces, "")
}

package meter

import (
	"regexp"
	"strconv"
	"strings"
	"sync"

	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// call is a call of a function, and the arguments that it is about to be given.
type call struct {
	expr *hclsyntax.FunctionCallExpr
	name string
	args []cty.Value
}

func plainName(name string) string { return strings.TrimPrefix(name, "core::") }

func (c *call) begin() { c.args = c.args[:0] }

func (c *call) give(v cty.Value) {
	plain, _ := v.Unmark()
	if c.expr.ExpandFinal && len(c.args) == len(c.expr.Args)-1 && iterable(plain) {
		for it := plain.ElementIterator(); it.Next(); {
			_, element := it.Element()
			element, _ = element.Unmark()
			c.args = append(c.args, element)
		}
		return
	}
	c.args = append(c.args, plain)
}

// text is a string argument; "" if it is not there or not known.
func (c *call) text(i int) string {
	if i >= len(c.args) || c.args[i].Type() != cty.String || !c.args[i].IsKnown() || c.args[i].IsNull() {
		return ""
	}
	return c.args[i].AsString()
}

// number is a numeric argument as far as it matters here.
func (c *call) number(i int) int64 {
	if i >= len(c.args) || c.args[i].Type() != cty.Number || !c.args[i].IsKnown() || c.args[i].IsNull() {
		return 0
	}
	n, _ := c.args[i].AsBigFloat().Int64() // the nearest, if it does not fit
	return n
}

// sum adds up the arguments from one on.
func (c *call) sum(from int, measure func(cty.Value) int64) int64 {
	total := int64(0)
	for i := from; i < len(c.args); i++ {
		total = plus(total, measure(c.args[i]))
	}
	return total
}

// work is how many steps the call is worth.
func (c *call) work() int64 {
	n := c.sum(0, func(v cty.Value) int64 {
		if v.Type() == cty.String {
			return size(v)
		}
		return size(v) / perElement
	})
	switch c.name {
	case "distinct", "matchkeys", "setsubtract", "setintersection": // compare all with all
		n = times(n, n)
	case "parseint": // is quadratic
		n = times(n, n) / 256
	}
	return n / perStep
}

// transient is how much memory the call needs, beyond what its result shows
// later, where that can be much more than its arguments take up. Estimates are
// upper bounds.
func (c *call) transient() int64 {
	all := func() int64 { return c.sum(0, deep) }
	first := int64(len(c.text(0)))
	switch c.name {
	case "format":
		return formatted(c.text(0), c.sum(1, deep))
	case "formatlist":
		longest := c.sum(1, func(v cty.Value) int64 { return size(v)/perElement + 1 })
		return times(formatted(c.text(0), 0), longest) + times(all(), int64(strings.Count(c.text(0), "%")+1))
	case "indent":
		return plus(times(c.number(0), int64(strings.Count(c.text(1), "\n")+1)), int64(len(c.text(1))))
	case "join":
		elements := c.sum(1, size) / perElement
		return plus(all(), times(elements, first))
	case "replace":
		return replaced(c.text(0), c.text(1), c.text(2))
	case "setproduct":
		product := int64(1)
		for _, a := range c.args {
			product = times(product, size(a)/perElement)
		}
		return times(product, int64(len(c.args)+1)*perElement)
	case "jsonencode":
		for _, a := range c.args {
			if wideInside(a) {
				return maxValue + 1
			}
		}
		return times(all(), 2)
	case "jsondecode":
		if nested(c.text(0)) > maxNesting {
			return maxValue + 1
		}
		return times(first, perElement/4)
	case "yamldecode":
		return times(first, perElement)
	case "csvdecode":
		header, _, _ := strings.Cut(c.text(0), "\n") // each row holds every column, by name
		return times(int64(strings.Count(c.text(0), "\n")+1), int64(strings.Count(header, ",")+1)*perElement)
	case "split":
		pieces := int64(strings.Count(c.text(1), c.text(0)) + 1)
		return times(pieces, perElement)
	case "regexall":
		return times(int64(len(c.text(1))), perElement)
	}
	return c.sum(0, size)
}

// maxNesting is how deep a text in JSON may be nested: it is read recursively.
const maxNesting = 1000

// nested is an upper bound of the nesting of a text in JSON.
func nested(text string) int {
	deepest, depth := 0, 0
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '[', '{':
			depth++
			deepest = max(deepest, depth)
		case ']', '}':
			depth--
		}
	}
	return deepest
}

var widths = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`%[^a-zA-Z%]*?(\d+)(?:\.(\d+))?`) })

// formatted is how long the result of a format string can be, of arguments that
// take up so much.
func formatted(format string, arguments int64) int64 {
	verbs := int64(strings.Count(format, "%"))
	total := plus(int64(len(format)), times(verbs, arguments))
	for _, m := range widths().FindAllStringSubmatch(format, -1) {
		for _, digits := range m[1:] {
			if digits == "" {
				continue
			}
			n, err := strconv.ParseInt(digits, 10, 64)
			if err != nil {
				return maxValue + 1
			}
			total = plus(total, n)
		}
	}
	return total
}

// replaced is how long the result of replace can be.
func replaced(text, old, with string) int64 {
	places := int64(len(text) + 1)
	if !(len(old) > 1 && strings.HasPrefix(old, "/") && strings.HasSuffix(old, "/")) && old != "" {
		places = int64(strings.Count(text, old))
		return plus(int64(len(text)), times(places, int64(len(with))))
	}
	groups := times(int64(strings.Count(with, "$")), int64(len(text)))
	return plus(times(places, int64(len(with))), plus(groups, int64(len(text))))
}

// plus and times do not wrap around.
func plus(a, b int64) int64 {
	if a+b < a || a+b > 1<<60 {
		return 1 << 60
	}
	return a + b
}

func times(a, b int64) int64 {
	a, b = max(a, 0), max(b, 0)
	if a != 0 && b > (1<<60)/a {
		return 1 << 60
	}
	return a * b
}

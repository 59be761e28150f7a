// Package meter evaluates expressions of the Terraform language within bounds
// of steps and memory, so that a file of a few lines (locals that double one
// another, nested for expressions, format("%1000000000s")) does not use up the
// machine.
//
// [Meter.Guard] returns an expression that computes what another one does, each
// part of it under the meter's eyes. What a function is about to make is
// estimated from its arguments before it is called.
package meter

import (
	"cmp"
	"math"
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// The bounds of one evaluation: of a whole configuration, for one environment.
const (
	maxSteps = 10_000_000      // parts of expressions that are computed
	maxAlone = 1_000_000       // the same, of an expression that stands alone
	maxBytes = 256 << 20       // that all results together take up, also those that are given up again
	maxValue = 64 << 20        // bytes of one value, what it holds counted as often as it occurs
	maxTime  = 5 * time.Minute // a net below the others
	maxExp   = 400_000         // of a number, in bits: it would be written with as many digits

	perElement = 64   // bytes of an element of a collection
	perStep    = 64   // bytes or elements of arguments that cost a step
	checkTime  = 4096 // steps between two looks at the clock
)

const (
	tooMuchWork   = "the evaluation of the Terraform code takes too many steps"
	tooMuchMemory = "the evaluation of the Terraform code needs more than 256 MiB"
	tooLarge      = "a value in the Terraform code is larger than 64 MiB"
	tooLong       = "the evaluation of the Terraform code takes more than five minutes"
	tooWide       = "a number has more than 100000 digits"
)

// Bound marks, as their Extra, the diagnostics about a bound. Their summaries are
// safe to show.
type Bound struct{}

// Meter counts what evaluations take. The zero value is ready. It is not safe
// for concurrent use.
type Meter struct {
	// Steps is how many parts of expressions may be computed; ten million if 0.
	Steps int64

	steps, bytes int64
	began        time.Time
	problem      *hcl.Diagnostic
	guarded      map[hcl.Expression]hcl.Expression
}

// Problem is the bound that was hit, with the place; nil if none was.
func (m *Meter) Problem() *hcl.Diagnostic { return m.problem }

// Value evaluates an expression that stands alone, under a meter of its own.
// One in JSON is taken as hcl takes it without a context: no string is a
// template.
func Value(expr hcl.Expression) (cty.Value, hcl.Diagnostics) {
	if native, ok := expr.(hclsyntax.Expression); ok {
		return (&Meter{Steps: maxAlone}).native(native, nothing).Value(nil)
	}
	return expr.Value(nil)
}

// hit stops the evaluation.
func (m *Meter) hit(summary string, at hcl.Range) (cty.Value, hcl.Diagnostics) {
	if m.problem == nil {
		m.problem = &hcl.Diagnostic{Severity: hcl.DiagError, Summary: summary, Subject: &at, Extra: Bound{}}
	}
	return cty.DynamicVal, hcl.Diagnostics{m.problem}
}

// Spend counts what is made outside of an evaluation, about something in the
// code, and reports whether it is within the bounds.
func (m *Meter) Spend(steps, bytes int64, at hcl.Range) bool {
	m.steps, m.bytes = m.steps+steps, m.bytes+bytes
	switch {
	case m.problem != nil:
	case m.steps > cmp.Or(m.Steps, maxSteps):
		m.hit(tooMuchWork, at)
	case m.bytes > maxBytes:
		m.hit(tooMuchMemory, at)
	}
	return m.problem == nil
}

// node is one part of a guarded expression.
type node struct {
	hclsyntax.Expression        // a copy, whose own parts are nodes
	meter                *Meter // never nil
	count                counting
	call                 *call // nil unless this is an argument of a function
	arg                  int
}

// counting says what of a result is new memory.
type counting int

const (
	nothing    counting = iota // the result is a part of something that was counted
	shallow                    // a string's bytes, or the elements
	inStrings                  // the bytes of a string that is going to be copied
	throughout                 // the same, of all strings in it
	element                    // it becomes an element of a collection
)

// of counts the bytes of a result.
func (c counting) of(v cty.Value) int64 {
	switch plain, _ := v.Unmark(); {
	case c == element:
		return perElement
	case c == shallow, c == inStrings && plain.Type() == cty.String:
		return size(v)
	case c == throughout:
		return deep(v)
	}
	return 0
}

// late reports whether the evaluation has taken too long. It begins the time.
func (m *Meter) late() bool {
	now := time.Now()
	if m.began.IsZero() {
		m.began = now
	}
	return now.Sub(m.began) > maxTime
}

// UnwrapExpression lets hcl see what kind of expression it is.
func (n *node) UnwrapExpression() hcl.Expression { return n.Expression }

// Value computes the part, unless a bound was hit.
func (n *node) Value(ctx *hcl.EvalContext) (cty.Value, hcl.Diagnostics) {
	m := n.meter
	if m.problem != nil {
		return cty.DynamicVal, hcl.Diagnostics{m.problem}
	}
	if m.steps++; m.steps%checkTime == 1 && m.late() {
		return m.hit(tooLong, n.Range())
	}
	if n.call != nil && n.arg == 0 {
		n.call.begin()
	}
	v, diags := n.Expression.Value(ctx)
	if diags.HasErrors() {
		return v, diags
	}
	if wide(v) {
		return m.hit(tooWide, n.Range())
	}
	m.bytes += n.count.of(v)
	if n.call != nil {
		n.call.give(v)
		if n.arg == len(n.call.expr.Args)-1 {
			if n.call.transient() > maxValue {
				return m.hit(tooLarge, n.call.expr.Range())
			}
			m.steps += n.call.work()
		}
	}
	switch {
	case n.count != nothing && deep(v) > maxValue: // so nobody who goes through a value never comes to its end
		return m.hit(tooLarge, n.Range())
	case m.steps > cmp.Or(m.Steps, maxSteps):
		return m.hit(tooMuchWork, n.Range())
	case m.bytes > maxBytes || m.bytes < 0:
		return m.hit(tooMuchMemory, n.Range())
	}
	return v, diags
}

// size is what a value takes up by itself, without its elements' own.
func size(v cty.Value) int64 {
	v, _ = v.Unmark()
	switch ty := v.Type(); {
	case !v.IsKnown() || v.IsNull():
		return 0
	case ty == cty.String:
		return int64(len(v.AsString()))
	case ty.IsObjectType():
		return int64(len(ty.AttributeTypes())) * perElement
	case iterable(v):
		return int64(v.LengthInt()) * perElement
	}
	return 0
}

// deep is what a value takes up with all that it holds, counted as often as it
// occurs. It stops counting beyond the bound.
func deep(v cty.Value) int64 {
	total := size(v)
	plain, _ := v.Unmark()
	if !iterable(plain) {
		return total
	}
	for it := plain.ElementIterator(); it.Next() && total <= maxValue; {
		_, element := it.Element()
		total += deep(element)
	}
	return total
}

// wide reports whether writing a number down would take too many digits.
func wide(v cty.Value) bool {
	if v.IsMarked() {
		v, _ = v.Unmark()
	}
	if v.Type() != cty.Number || !v.IsKnown() || v.IsNull() {
		return false
	}
	f := v.AsBigFloat()
	exp := f.MantExp(nil)
	return !f.IsInf() && math.Abs(float64(exp)) > maxExp
}

// wideInside is wide for all numbers in a value.
func wideInside(v cty.Value) bool {
	if wide(v) {
		return true
	}
	plain, _ := v.Unmark()
	if !iterable(plain) {
		return false
	}
	for it := plain.ElementIterator(); it.Next(); {
		if _, element := it.Element(); wideInside(element) {
			return true
		}
	}
	return false
}

// iterable reports whether a value has elements that are known to be there.
func iterable(v cty.Value) bool { return v.IsKnown() && !v.IsNull() && v.CanIterateElements() }

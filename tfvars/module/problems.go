package module

import (
	"cmp"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/hashicorp/hcl/v2"

	"hci/tfvars"
	"hci/tfvars/module/internal/config"
	"hci/tfvars/module/internal/meter"
)

// problems returns the errors among the diagnostics, in the order of their
// places, each once.
func problems(diags hcl.Diagnostics) tfvars.Problems {
	return convert(diags, hcl.DiagError)
}

// warnings returns the warnings among the diagnostics likewise.
func warnings(diags hcl.Diagnostics) []tfvars.Problem {
	return convert(diags, hcl.DiagWarning)
}

func convert(diags hcl.Diagnostics, severity hcl.DiagnosticSeverity) []tfvars.Problem {
	var out []tfvars.Problem
	for _, d := range diags {
		if d.Severity != severity {
			continue
		}
		p := tfvars.Problem{Summary: summary(d)}
		if d.Subject != nil {
			p.File, p.Line, p.Column = d.Subject.Filename, d.Subject.Start.Line, d.Subject.Start.Column
		}
		out = append(out, p)
	}
	slices.SortStableFunc(out, func(a, b tfvars.Problem) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line),
			cmp.Compare(a.Column, b.Column), cmp.Compare(a.Summary, b.Summary))
	})
	return slices.Compact(out)
}

// summary returns a diagnostic's summary as hci writes errors. Those of hcl are
// fixed texts, but for a few that name a block or a keyword: these might quote
// the source, and are not shown.
func summary(d *hcl.Diagnostic) string {
	switch d.Extra.(type) {
	case config.Own, meter.Bound:
		return d.Summary
	}
	if d.Summary == "" || !fixedText().MatchString(d.Summary) {
		return "invalid syntax"
	}
	return strings.ToLower(d.Summary[:1]) + d.Summary[1:]
}

var fixedText = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[A-Za-z][A-Za-z '/-]*$`) })

// sortedKeys returns a map's keys in order.
func sortedKeys[T any](m map[string]T) []string {
	return slices.Sorted(maps.Keys(m))
}

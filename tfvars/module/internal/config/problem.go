package config

import "github.com/hashicorp/hcl/v2"

// Own marks, as their Extra, the diagnostics whose summaries were written here
// and are safe to show as they are.
type Own struct{}

// Problem returns an error with a summary that is safe to show.
func Problem(summary string, at hcl.Range) *hcl.Diagnostic {
	return &hcl.Diagnostic{Severity: hcl.DiagError, Summary: summary, Subject: &at, Extra: Own{}}
}

// Warning returns a warning with a summary that is safe to show.
func Warning(summary string, at hcl.Range) *hcl.Diagnostic {
	return &hcl.Diagnostic{Severity: hcl.DiagWarning, Summary: summary, Subject: &at, Extra: Own{}}
}

package main

import (
	"fmt"
	"path/filepath"
	"strings"

	"hci/internal/lint"
	"hci/internal/term"
)

// checkedReport is the JSON form of the findings.
type checkedReport struct {
	Schema     int            `json:"schema"`
	Complete   bool           `json:"complete"`
	Findings   []checkFinding `json:"findings"`
	NotChecked []string       `json:"not_checked"`
	Errors     []checkFailure `json:"errors"`
}

type checkFinding struct {
	Rule     string        `json:"rule"`
	Severity lint.Severity `json:"severity"`
	File     string        `json:"file"`
	Line     int           `json:"line"`
	Text     string        `json:"text"`
	Why      string        `json:"why"`
	Fix      string        `json:"fix"`
	Mend     string        `json:"mend"` // the old name of fix, for one release
}

// checkFailure is a check that could not be made.
type checkFailure struct {
	Text string   `json:"text"`
	Next []string `json:"next,omitempty"`
}

// failures are the errors of a run.
func (c *checkRun) failures(err error) []checkFailure {
	all := []checkFailure{}
	if err == nil {
		return all
	}
	for _, e := range flatten(err) {
		all = append(all, checkFailure{Text: e.Error(), Next: c.hints(e)})
	}
	return all
}

// verdict is the exit code that the findings ask for.
func (c *checkRun) verdict() error {
	if lint.Count(c.findings, lint.Problem) > 0 || c.request.strict && len(c.findings) > 0 {
		return errDifferences
	}
	return nil
}

// report prints what was found, and in a format for programs what failed.
func (c *checkRun) report(failed error) error {
	c.findings = lint.Sort(c.findings)
	switch c.request.format {
	case "sarif":
		var failures []lint.Failure
		for _, f := range c.failures(failed) {
			failures = append(failures, lint.Failure(f))
		}
		data, err := lint.SARIF(version, c.findings, failures, c.notChecked)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(c.out, "%s\n", data)
		return err
	case "json":
		report := checkedReport{
			Schema: planSchema, Complete: failed == nil && len(c.notChecked) == 0,
			Findings: []checkFinding{}, NotChecked: append([]string{}, c.notChecked...), Errors: c.failures(failed),
		}
		for _, f := range c.findings {
			report.Findings = append(report.Findings, checkFinding{
				f.Code, f.Severity, filepath.ToSlash(f.File), f.Line, f.Text, f.Rule.Why, f.Rule.Fix, f.Rule.Fix,
			})
		}
		return c.printJSON(report)
	}
	if failed != nil && len(c.findings) == 0 {
		return nil // nothing is known that could be counted
	}
	return c.reportText()
}

func (c *checkRun) reportText() error {
	var b strings.Builder
	for _, f := range c.findings {
		mild := ""
		if f.Severity == lint.Warning {
			mild = "warning: "
		}
		fmt.Fprintf(&b, "%s:%d: %s%s: %s\n    why: %s\n    fix: %s\n",
			c.rel(filepath.Join(c.found.Root, f.File)), f.Line, mild, f.Code, f.Text, f.Rule.Why, f.Rule.Fix)
	}
	for _, what := range c.notChecked {
		c.sayf("not checked: %s", what)
	}
	fmt.Fprintln(&b, plural(len(c.findings), "finding"))
	return c.list(term.Wrap(b.String(), term.Width(c.out), 9))
}

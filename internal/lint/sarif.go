package lint

import (
	"encoding/json"
	"path/filepath"
	"slices"
	"strings"
)

// The form of a SARIF log, as far as it is written.
//
// https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
type (
	sarifLog struct {
		Schema  string     `json:"$schema"`
		Version string     `json:"version"`
		Runs    []sarifRun `json:"runs"`
	}
	sarifRun struct {
		Tool        sarifTool         `json:"tool"`
		Invocations []sarifInvocation `json:"invocations"`
		Results     []sarifResult     `json:"results"`
	}
	sarifInvocation struct {
		Successful    bool                `json:"executionSuccessful"`
		Notifications []sarifNotification `json:"toolExecutionNotifications,omitempty"`
	}
	sarifNotification struct {
		Level   string    `json:"level"`
		Message sarifText `json:"message"`
	}
	sarifTool struct {
		Driver sarifDriver `json:"driver"`
	}
	sarifDriver struct {
		Name    string      `json:"name"`
		Version string      `json:"version"`
		Rules   []sarifRule `json:"rules"`
	}
	sarifRule struct {
		ID               string    `json:"id"`
		ShortDescription sarifText `json:"shortDescription"`
		FullDescription  sarifText `json:"fullDescription"`
		Help             sarifText `json:"help"`
	}
	sarifText struct {
		Text string `json:"text"`
	}
	sarifResult struct {
		RuleID    string          `json:"ruleId"`
		Level     string          `json:"level"`
		Message   sarifText       `json:"message"`
		Locations []sarifLocation `json:"locations"`
	}
	sarifLocation struct {
		Physical sarifPhysical `json:"physicalLocation"`
	}
	sarifPhysical struct {
		Artifact sarifArtifact `json:"artifactLocation"`
		Region   sarifRegion   `json:"region"`
	}
	sarifArtifact struct {
		URI       string `json:"uri"`
		URIBaseID string `json:"uriBaseId"`
	}
	sarifRegion struct {
		StartLine int `json:"startLine"`
	}
)

// Failure is a check that could not be made, and what to do about it.
type Failure struct {
	Text string
	Next []string
}

// levels are SARIF's words for severities.
var levels = map[Severity]string{Problem: "error", Warning: "warning"}

// SARIF returns the findings as a SARIF 2.1.0 log, as code hosts read it. Their
// files are relative to the repository's root. A run with failures is not a
// successful one; what was not checked is a note.
func SARIF(version string, all []Finding, failures []Failure, notChecked []string) ([]byte, error) {
	run := sarifRun{Tool: sarifTool{sarifDriver{Name: "hci", Version: version}}, Results: []sarifResult{}}
	for _, r := range slices.Concat(CheckRules, GuardRules) {
		run.Tool.Driver.Rules = append(run.Tool.Driver.Rules, sarifRule{
			ID: r.ID, ShortDescription: sarifText{r.Short}, FullDescription: sarifText{r.Short + ": " + r.Why}, Help: sarifText{r.Fix},
		})
	}
	for _, f := range all {
		run.Results = append(run.Results, sarifResult{
			RuleID: f.Code, Level: levels[f.Severity], Message: sarifText{f.Text + ". " + f.Rule.Why + ". To fix it: " + f.Rule.Fix},
			Locations: []sarifLocation{{sarifPhysical{
				Artifact: sarifArtifact{URI: filepath.ToSlash(f.File), URIBaseID: "%SRCROOT%"}, Region: sarifRegion{StartLine: max(1, f.Line)},
			}}},
		})
	}
	invocation := sarifInvocation{Successful: len(failures) == 0}
	for _, f := range failures {
		text := strings.Join(append([]string{f.Text}, f.Next...), ". ")
		invocation.Notifications = append(invocation.Notifications, sarifNotification{"error", sarifText{text}})
	}
	for _, what := range notChecked {
		invocation.Notifications = append(invocation.Notifications, sarifNotification{"note", sarifText{"not checked: " + what}})
	}
	run.Invocations = []sarifInvocation{invocation}
	return json.MarshalIndent(sarifLog{
		Schema: "https://json.schemastore.org/sarif-2.1.0.json", Version: "2.1.0", Runs: []sarifRun{run},
	}, "", "  ")
}

package main

import (
	"fmt"
	"os"
	"strings"

	"hci/internal/deploy/names"
)

// stepSummary is the variable with the path of the file to which a step of GitHub
// Actions appends what its page is to show, in Markdown.
//
// https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands#adding-a-job-summary
const stepSummary = "GITHUB_STEP_SUMMARY"

// summarize appends to the step's summary how the updates of services ended. That it
// can't be written changes nothing of what was deployed.
func (a *app) summarize(all []*updated) {
	path := a.getenv(stepSummary)
	if path == "" || a.rehearsal != nil {
		return
	}
	file, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err == nil {
		_, err = file.WriteString(summaryText(all))
		if closeErr := file.Close(); err == nil {
			err = closeErr
		}
	}
	if err != nil {
		a.sayf("warning: the summary of the step could not be written: %v", err)
	}
}

// summaryText is a table of services: from what, to what, how it ended.
func summaryText(all []*updated) string {
	var b strings.Builder
	for i, one := range all {
		job := one.job
		if i == 0 {
			fmt.Fprintf(&b, "### hci deploy %s\n\n", job.Env)
			if commit := job.Journal.Commit; commit != "" {
				fmt.Fprintf(&b, "Commit %s, image `%s`\n\n", commitLink(job.Look.Commit.Source, commit), job.Journal.Image)
			}
			b.WriteString("| service | ran | runs | end |\n|---|---|---|---|\n")
		}
		was, end := "", job.Outcome()
		if job.Look.Running != nil {
			was = job.Look.Running.Name
		}
		runs := job.Journal.Revision
		if one.err != nil {
			end, runs = one.err.Error(), ""
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", consoleLink(job.Names), was, runs, markdownCell(end))
	}
	b.WriteString("\n")
	return b.String()
}

// markdownCell is a text as a cell of a table may hold it.
func markdownCell(text string) string {
	return strings.NewReplacer("|", "\\|", "\n", " ", "\r", " ", "<", "&lt;").Replace(text)
}

// commitLink links to a commit where its repository's pages are.
func commitLink(source, commit string) string {
	short := commit[:min(12, len(commit))]
	if source == "" {
		return short
	}
	return fmt.Sprintf("[%s](%s/commit/%s)", short, source, commit)
}

// consoleLink links to a service in AWS's console, which is elsewhere in other
// partitions than the first.
func consoleLink(n names.Names) string {
	for _, prefix := range []string{"cn-", "us-gov-", "us-iso", "eusc-"} {
		if strings.HasPrefix(n.Region, prefix) {
			return n.Service
		}
	}
	return fmt.Sprintf("[%[1]s](https://%[2]s.console.aws.amazon.com/ecs/v2/clusters/%[3]s/services/%[1]s?region=%[2]s)", n.Service, n.Region, n.Cluster)
}

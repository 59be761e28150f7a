package deploy

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"

	"hci/internal/deploy/names"
	"hci/internal/deploy/rollout"
	"hci/internal/deploy/state"
)

// reportSchema is the version of the form of an [Report].
const reportSchema = 1

// Report is how a deployment ended, for those who are told of it. It holds names and
// no secrets.
type Report struct {
	Schema      int             `json:"schema"`
	Environment string          `json:"environment"`
	Result      string          `json:"result"` // deployed, started, migrated, done, failed, interrupted, or how a rollout ended
	Error       string          `json:"error,omitempty"`
	Account     string          `json:"account"`
	Region      string          `json:"region"`
	Cluster     string          `json:"cluster"`
	Commit      string          `json:"commit,omitempty"`
	CommitURL   string          `json:"commit_url,omitempty"`
	Before      string          `json:"commit_before,omitempty"` // that ran; absent if it is not known
	Image       string          `json:"image,omitempty"`
	Who         string          `json:"who"`
	Started     time.Time       `json:"started"`
	Ended       time.Time       `json:"ended"`
	Steps       []ReportStep    `json:"steps"` // that were done
	Services    []ReportService `json:"services"`
}

// Results of a deployment that did not come to the end of a rollout.
const (
	Interrupted  = "interrupted"
	FailedResult = "failed"
)

// ReportStep is a step that was done.
type ReportStep struct {
	Step    string  `json:"step"`
	Text    string  `json:"text"`
	Seconds float64 `json:"seconds"`
}

// ReportService is what became of a service.
type ReportService struct {
	Service string `json:"service"`
	Before  string `json:"before,omitempty"`  // revision that it ran
	Current string `json:"current,omitempty"` // revision that it runs; absent where that is not known
	Result  string `json:"result"`
	Error   string `json:"error,omitempty"`
	URL     string `json:"url,omitempty"` // in AWS's console
}

// Report tells how a deployment ended, but for its services, which [Job.ServiceReport]
// tells.
func (j *Job) Report(done []Done, err error) Report {
	look := j.Look
	o := Report{
		Schema: reportSchema, Environment: j.Env, Result: j.Result(err), Account: look.Identity.Account, Region: j.Names.Region, Cluster: j.Names.Cluster,
		Commit: j.Journal.Commit, CommitURL: commitURL(look.Commit.Source, j.Journal.Commit), Before: j.From, Image: j.Journal.Image, Who: j.Journal.Who,
		Started: j.Journal.Started, Ended: time.Now().UTC(), Steps: []ReportStep{}, Services: []ReportService{},
	}
	if err != nil {
		o.Error = err.Error()
	}
	for _, d := range done {
		o.Steps = append(o.Steps, ReportStep{Step: string(d.Step), Text: d.Words, Seconds: d.Took.Seconds()})
	}
	return o
}

// ServiceReport tells what became of the service, which an error says, or that it was
// taken back.
func (j *Job) ServiceReport(err error, back bool) ReportService {
	s := ReportService{Service: j.Names.Service, Result: j.Result(err), URL: consoleURL(j.Names)}
	if j.Look.Running != nil {
		s.Before = j.Look.Running.Name
	}
	switch {
	case err != nil && j.Journal.IsDone(state.Update): // a migration after it failed
		s.Result, s.Current, s.Error = j.Outcome(), j.Journal.Revision, err.Error()
	case err != nil:
		s.Error = err.Error()
		var not *rollout.NotDeployedError
		if errors.As(err, &not) {
			if now := not.Result.Service; now != nil && now.Primary() != nil {
				s.Current = now.Primary().Revision
			}
		} else if !j.Journal.Touched() {
			s.Current = s.Before
		}
	case back:
		s.Result, s.Current = rollout.RolledBack.String(), j.Journal.Before
	default:
		s.Current = j.Journal.Revision
	}
	return s
}

// Result is how it ended, in a word or two.
func (j *Job) Result(err error) string {
	var not *rollout.NotDeployedError
	switch {
	case j.Interrupted || errors.Is(err, context.Canceled):
		return Interrupted
	case errors.As(err, &not):
		return not.Result.End.String()
	case err != nil:
		return FailedResult
	case slices.Contains(j.Journal.Steps, state.Update):
		return j.Outcome()
	case slices.ContainsFunc(j.Journal.Steps, func(s state.Step) bool { return slices.Contains(state.Migrations, s) }):
		return "migrated"
	}
	return "done"
}

// Markdown is a report as a page of a CI system shows it.
func (o Report) Markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, "### hci deploy %s: %s\n\n", cell(o.Environment), cell(o.Result))
	fmt.Fprintf(&b, "Account %s, %s, cluster %s\n\n", o.Account, o.Region, cell(o.Cluster))
	if o.Commit != "" {
		from := ""
		if o.Before != "" {
			from = o.Before[:min(12, len(o.Before))] + " → "
		}
		fmt.Fprintf(&b, "Commit %s%s, image `%s`\n\n", from, link(o.Commit[:min(12, len(o.Commit))], o.CommitURL), o.Image)
	}
	if len(o.Services) > 0 {
		b.WriteString("| service | ran | runs | end |\n|---|---|---|---|\n")
	}
	for _, s := range o.Services {
		end := s.Result
		if s.Error != "" {
			end = s.Error
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", link(cell(s.Service), s.URL), cell(s.Before), cell(s.Current), cell(end))
	}
	if len(o.Steps) > 0 {
		b.WriteString("\n| step | took | |\n|---|---|---|\n")
	}
	for _, s := range o.Steps {
		fmt.Fprintf(&b, "| %s | %v | %s |\n", cell(s.Step), time.Duration(s.Seconds*float64(time.Second)).Round(time.Second), cell(s.Text))
	}
	if o.Error != "" && len(o.Services) == 0 {
		fmt.Fprintf(&b, "\n%s\n", cell(o.Error))
	}
	b.WriteString("\n")
	return b.String()
}

// cell is a text as a cell of a table may hold it.
func cell(text string) string {
	text = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, text)
	return strings.NewReplacer("|", "\\|", "<", "&lt;").Replace(text)
}

func link(text, url string) string {
	if url == "" {
		return text
	}
	return "[" + text + "](" + url + ")"
}

// commitURL is where a commit is shown, if its repository's page is known.
func commitURL(source, commit string) string {
	if source == "" || commit == "" {
		return ""
	}
	return source + "/commit/" + commit
}

// consoleURL is where AWS's console shows the service; it is elsewhere in other
// partitions than the first, and "" there.
func consoleURL(n names.Names) string {
	for _, prefix := range []string{"cn-", "us-gov-", "us-iso", "eusc-"} {
		if strings.HasPrefix(n.Region, prefix) {
			return ""
		}
	}
	return fmt.Sprintf("https://%[2]s.console.aws.amazon.com/ecs/v2/clusters/%[3]s/services/%[1]s?region=%[2]s", n.Service, n.Region, n.Cluster)
}

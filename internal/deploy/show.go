package deploy

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"hci/internal/aws/client"
	"hci/internal/deploy/revisions"
	"hci/internal/deploy/state"
	"hci/internal/docker"
)

// Plan is what a deployment is going to do with a service.
type Plan struct {
	Service string     `json:"service"`
	Cluster string     `json:"cluster"`
	Region  string     `json:"region"`
	Account string     `json:"account"`
	Alias   string     `json:"account_alias,omitempty"`
	About   string     `json:"about,omitempty"`   // which commit, which image
	Images  []string   `json:"images,omitempty"`  // other images that go along, in words
	From    string     `json:"from,omitempty"`    // commit that runs; absent if it is not known
	To      string     `json:"to,omitempty"`      // commit that comes
	Commits []string   `json:"commits,omitempty"` // between them, the latest first
	Between string     `json:"between,omitempty"` // how the two stand to each other
	Steps   []PlanStep `json:"steps"`             // of the first of several services
	Changes []string   `json:"changes"`           // of what it runs; values are never in it
}

// PlanStep is a step, and why it comes then.
type PlanStep struct {
	Step string `json:"step"`
	What string `json:"what"`
	Why  string `json:"why,omitempty"`
	// LastSeconds is how long it took last time; absent if that is not known.
	LastSeconds float64 `json:"last_seconds,omitempty"`
}

// Plan is what is done, in which order, and why.
func (j *Job) Plan() Plan {
	p := j.PlanAlong(j.PlannedImage())
	p.About = j.commitLine()
	for _, e := range j.Extra {
		p.Images = append(p.Images, e.Line())
	}
	_, words := j.image()
	for _, s := range state.Sorted(j.Steps) {
		what, why := j.line(s, words)
		p.Steps = append(p.Steps, PlanStep{Step: string(s), What: what, Why: why, LastSeconds: j.LastTime[string(s)].Seconds()})
	}
	return p
}

// PlanAlong is what the update changes of a service that is deployed along.
func (j *Job) PlanAlong(image string) Plan {
	p := Plan{
		Service: j.Names.Service, Cluster: j.Names.Cluster, Region: j.Names.Region, Account: j.Look.Identity.Account, Alias: j.Look.Identity.Alias,
		Steps: []PlanStep{}, Changes: []string{},
	}
	if !j.touches() {
		return p
	}
	for _, d := range revisions.Differences(j.Look.Running, j.next(image)) {
		p.Changes = append(p.Changes, d.String())
	}
	return p
}

// PlannedImage is the image that the plan shows.
func (j *Job) PlannedImage() string {
	if j.Journal.Words == "" {
		return j.Look.Repository.URI + "@(what is pushed)"
	}
	return j.Journal.Image
}

// Show writes a plan as text: of a service that is deployed along, what changes.
// With more, it says why each step comes when it does. brief abbreviates.
func (p Plan) Show(w io.Writer, more bool, brief func(string) string) error {
	var lines []string
	add := func(first, text string) { lines = append(lines, wrapped(first, brief(text))...) }
	if len(p.Steps) == 0 {
		add("", fmt.Sprintf("service %s in cluster %s, likewise", p.Service, p.Cluster))
	} else {
		add("", fmt.Sprintf("account %s, %s", client.Named(p.Account, p.Alias), p.Region))
		add("", fmt.Sprintf("service %s in cluster %s", p.Service, p.Cluster))
	}
	if p.About != "" {
		add("", p.About)
	}
	for _, line := range p.Images {
		add("", line)
	}
	if p.Between != "" {
		add("", p.Between)
	}
	for _, c := range p.Commits {
		lines = append(lines, cut("  "+c))
	}
	for i, s := range p.Steps {
		what := s.What
		if s.LastSeconds > 0 {
			what += fmt.Sprintf(" (%v last time)", time.Duration(s.LastSeconds*float64(time.Second)).Round(time.Second))
		}
		add(fmt.Sprintf("%d. %-8s ", i+1, s.Step), what)
		if s.Why != "" && more {
			add(strings.Repeat(" ", 12), s.Why)
		}
	}
	for _, d := range p.Changes {
		add("   ~ ", d)
	}
	_, err := io.WriteString(w, strings.Join(lines, "\n")+"\n")
	return err
}

// columns are those of a screen.
const columns = 80

// wrapped breaks a text between words, so that it fits a screen behind what begins its
// first line. A word that is longer stays whole.
func wrapped(first, text string) []string {
	var lines []string
	line := first
	begun := false
	for word := range strings.FieldsSeq(text) {
		if begun && len([]rune(line))+1+len([]rune(word)) > columns {
			lines, line, begun = append(lines, line), strings.Repeat(" ", max(len(first), 2)), false
		}
		if begun {
			line += " "
		}
		line, begun = line+word, true
	}
	return append(lines, line)
}

// cut shortens a line to a screen's width.
func cut(line string) string {
	runes := []rune(line)
	if len(runes) <= columns {
		return line
	}
	return string(runes[:columns-1]) + "…"
}

// commitLine says which commit and which image it is about.
func (j *Job) commitLine() string {
	look, commit, tag := j.Look, j.Look.Commit, j.Look.Tag
	if j.Journal.Begun() { // it goes on, whatever is checked out by now
		commit.SHA, tag = j.Journal.Commit, j.Journal.Tag
	}
	switch {
	case look.Given != "":
		return "image " + look.Given
	case commit.SHA == "":
		return ""
	case look.Pushed == "" && !slices.Contains(j.Journal.Steps, state.Push) && !slices.Contains(j.Journal.Steps, state.Build):
		return "commit " + commit.Short() + ", of which no image is in the registry"
	}
	return "commit " + commit.Short() + ", image " + look.Repository.URI + ":" + tag
}

// touches reports whether a revision of the service's is to be compared.
func (j *Job) touches() bool {
	return slices.Contains(j.Steps, state.Update) && j.Look.Running != nil && j.Look.Base != nil
}

// line says what a step does, and why then.
func (j *Job) line(s state.Step, image string) (what, why string) {
	look := j.Look
	switch s {
	case state.Login:
		return "log in to " + look.Repository.Host(), "the token is fetched when it is needed: it lasts twelve hours"
	case state.Build:
		if j.Journal.Own {
			return "nothing: the image is in the registry", ""
		}
		return j.buildLine(), ""
	case state.Push:
		if j.Journal.Own {
			return "nothing: " + j.Journal.Image + " is there", ""
		}
		tags := look.Tag
		if look.Moving != "" && !slices.Contains(j.Steps, state.Update) {
			tags += " and " + look.Moving
		}
		return "push " + tags + ", and read its digest back", "what follows runs that digest, whatever a tag says later"
	case state.Migrate:
		return j.migrateLine(j.Names.MigrateCommand != nil) + " in " + image, "before the update, so that a failure leaves the service as it is; after the push, since the deployed image knows none of the new migrations"
	case state.MigrateAfter:
		return j.migrateLine(j.Names.MigrateCommand != nil || j.Names.MigrateAfterCommand != nil) + " in " + image, "after the update, when the image serves, as hci.hcl says; if it fails, the service runs the new image all the same"
	}
	return j.updateLine(image), ""
}

func (j *Job) buildLine() string {
	builder, of := docker.Classic, "commit "+j.Look.Commit.Short()
	if j.Look.Engine != nil {
		builder = j.Look.Engine.Builder
	}
	if j.Journal.Dirty {
		of = "the work tree"
	}
	return fmt.Sprintf("%s for %s, of %s, from %s", builder, j.Look.Platform, of, j.Names.Dockerfile)
}

func (j *Job) migrateLine(command bool) string {
	if command {
		return "run the migrate command in " + j.Names.TaskDefinition
	}
	return "run " + j.Names.MigrateTask
}

func (j *Job) updateLine(image string) string {
	switch {
	case j.Look.Watch:
		return "watch the rollout of " + j.Journal.Revision + ", which is under way, to its end"
	case j.NoWait:
		return "begin to make the service run " + image + ", and do not wait: how it ends is not known then"
	case j.Look.Moving != "" && (j.Journal.Own || slices.Contains(j.Steps, state.Push)):
		return "make the service run " + image + ", and wait until it does; then the tag " + j.Look.Moving + " names that image"
	}
	return "make the service run " + image + ", and wait until it does"
}

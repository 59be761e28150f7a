package deploy

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"hci/internal/deploy/revisions"
	"hci/internal/deploy/state"
	"hci/internal/docker"
)

// Show writes the plan: what is done, in which order, and why.
func (j *Job) Show(w io.Writer) error {
	n, look := j.Names, j.Look
	account := look.Identity.Account
	image, words := j.image()
	if j.Journal.Words == "" {
		image = j.Look.Repository.URI + "@(what is pushed)"
	}
	lines := []string{fmt.Sprintf("service %s in cluster %s, %s, account %s", n.Service, n.Cluster, n.Region, account)}
	if line := j.commitLine(); line != "" {
		lines = append(lines, line)
	}
	for i, s := range state.Sorted(j.Steps) {
		what, why := j.line(s, words)
		lines = append(lines, fmt.Sprintf("%d. %-8s %s", i+1, s, what))
		if why != "" {
			lines = append(lines, strings.Repeat(" ", 12)+why)
		}
	}
	return j.write(w, j.changes(lines, image))
}

// ShowService writes what the update changes of a service that is deployed along.
func (j *Job) ShowService(w io.Writer, image string) error {
	return j.write(w, j.changes([]string{fmt.Sprintf("service %s in cluster %s, likewise", j.Names.Service, j.Names.Cluster)}, image))
}

// PlannedImage is the image that the plan shows.
func (j *Job) PlannedImage() string {
	if j.Journal.Words == "" {
		return j.Look.Repository.URI + "@(what is pushed)"
	}
	return j.Journal.Image
}

func (j *Job) changes(lines []string, image string) []string {
	if j.touches() {
		next := j.Look.Next
		if next == nil {
			next = j.next(image)
		}
		for _, d := range revisions.Differences(j.Look.Running, next) {
			lines = append(lines, "   ~ "+d.String())
		}
	}
	return lines
}

func (j *Job) write(w io.Writer, lines []string) error {
	_, err := io.WriteString(w, strings.Join(lines, "\n")+"\n")
	return err
}

// commitLine says which commit and which image it is about.
func (j *Job) commitLine() string {
	look, commit, tag := j.Look, j.Look.Commit, j.Look.Tag
	if j.Journal.Region != "" { // it goes on, whatever is checked out by now
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
		builder := docker.Classic
		if look.Engine != nil {
			builder = look.Engine.Builder
		}
		of := "commit " + look.Commit.Short()
		if j.Journal.Dirty {
			of = "the work tree"
		}
		return fmt.Sprintf("%s for %s, of %s, from %s", builder, look.Platform, of, j.Names.Dockerfile), ""
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
		what = "run " + j.Names.MigrateTask
		if j.Names.MigrateCommand != nil {
			what = fmt.Sprintf("run the migrate command in %s", j.Names.TaskDefinition)
		}
		return what + " in " + image, "before the update, so that a failure leaves the service as it is; after the push, since the deployed image knows none of the new migrations"
	case state.MigrateAfter:
		what = "run " + j.Names.MigrateTask
		if j.Names.MigrateCommand != nil || j.Names.MigrateAfterCommand != nil {
			what = fmt.Sprintf("run the migrate command in %s", j.Names.TaskDefinition)
		}
		return what + " in " + image, "after the update, when the image serves, as hci.hcl says; if it fails, the service runs the new image all the same"
	default:
		what = "make the service run " + image + ", and wait until it does"
		if j.NoWait {
			return "begin to make the service run " + image + ", and do not wait: how it ends is not known then", ""
		}
		if look.Moving != "" && (j.Journal.Own || slices.Contains(j.Steps, state.Push)) {
			return what, "then the tag " + look.Moving + " names that image"
		}
		return what, ""
	}
}

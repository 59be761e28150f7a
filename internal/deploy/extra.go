package deploy

import (
	"context"
	"slices"

	"hci/internal/aws/ecs"
	"hci/internal/deploy/names"
	"hci/internal/deploy/state"
)

// Extra is another image that is deployed with a job's own: of another block in hci.hcl.
type Extra struct {
	Image names.Image
	Job   *Job // that makes or chooses it
}

// withExtras gives the other images to the containers that run them. One that is not
// known, or stays as it is, changes nothing.
func (j *Job) withExtras(d *ecs.Definition) *ecs.Definition {
	for _, e := range j.Extra {
		if image := e.Job.PlannedImage(); image != "" {
			d = d.WithImage(image, j.Names.TakersOf(e.Image, d, e.Job.Look.Repository.URI))
		}
	}
	return d
}

// Line says what becomes of an image.
func (e Extra) Line() string {
	j := e.Job
	switch {
	case j.Journal.Words == "" && slices.Contains(j.Steps, state.Build):
		return "image " + e.Image.Name + ": " + j.tagged() + ", built from " + j.Names.Dockerfile + " and pushed"
	case j.Journal.Words == "":
		return "image " + e.Image.Name + ": " + j.tagged() + ", pushed"
	case j.Journal.Image == "":
		return "image " + e.Image.Name + " stays as it is"
	}
	return "image " + e.Image.Name + ": " + j.Journal.Image + ", which is in the registry"
}

// Served makes the mutable tag name the image that the job has made, now that it serves.
func (j *Job) Served(ctx context.Context) { j.moveTag(ctx) }

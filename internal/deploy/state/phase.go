package state

import (
	"fmt"
	"slices"

	"hci/internal/aws/ecs"
)

// Phase is how far a deployment is with what it asks AWS for. Each is written before
// AWS is asked, so that what a killed process may have begun is known.
type Phase string

// The phases.
const (
	Prepared   Phase = "prepared"    // nothing that was asked for is under way
	Migrating  Phase = "migrating"   // the migration was asked for; its end is not known
	Updating   Phase = "updating"    // the update was asked for; the answer was not seen
	RollingOut Phase = "rolling out" // the deployment with the id that is noted is under way
	GoingBack  Phase = "going back"  // that was told to stop; the service still has it
	Ended      Phase = "ended"       // it has ended, and is not what runs
	Finished   Phase = "finished"    // every step is done; no journal says so, since it is removed
)

// phases are the phases that each may be followed by. docs/deploy.md has the same table.
var phases = map[Phase][]Phase{
	Prepared:   {Migrating, Updating, Finished},
	Migrating:  {Prepared, Finished},
	Updating:   {Prepared, RollingOut, Ended},
	RollingOut: {Prepared, GoingBack, Ended, Finished},
	GoingBack:  {Updating, Ended},
	Ended:      {Updating},
	Finished:   {},
}

// Enter changes the phase and writes the journal.
func (j *Journal) Enter(next Phase) error {
	if next != j.Phase && !slices.Contains(phases[j.Phase], next) {
		return fmt.Errorf("a deployment that is %s can't be %s", j.Phase, next)
	}
	j.Phase = next
	return j.Save()
}

// Touched reports whether the service was asked to run something else.
func (j *Journal) Touched() bool {
	return j.Phase == Updating || j.Phase == RollingOut || j.Phase == GoingBack || j.Phase == Ended
}

// Find is the deployment that was started, as the service has it; nil if it does not.
// It is known by its id or, where the answer with that was lost, by its revision.
func (j *Journal) Find(s *ecs.Service) *ecs.Deployment {
	switch j.Phase {
	case Updating:
		if p := s.Primary(); p != nil && p.Revision == j.Revision && p.ID != j.Seen {
			return p
		}
	case RollingOut, GoingBack, Ended:
		return s.Deployment(j.Deployment)
	case Prepared, Migrating:
		if j.IsDone(Update) { // a migration follows it
			return s.Deployment(j.Deployment)
		}
	}
	return nil
}

// WentBack notes that the user made the service run another revision than was's, in
// a deployment with an id: the next attempt may follow that, if was is what this one
// began with or made.
func (j *Journal) WentBack(was *ecs.Deployment, id string) error {
	if was == nil || was.ID != j.Seen && was.ID != j.Deployment && (j.Phase != Updating || was.Revision != j.Revision) {
		return nil
	}
	j.Seen = id
	if j.Phase == Prepared || j.Phase == Migrating {
		j.Done = Without(j.Done, []Step{Update}) // that is to be done again
	}
	if j.Touched() {
		return j.Enter(Ended)
	}
	return j.Save()
}

package state

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"hci/internal/atomicfile"
	"hci/internal/aws/ecs"
	"hci/internal/deploy/words"
	"hci/internal/ownership"
)

// journalSchema is the version of the journal's form.
const journalSchema = 3

// Journal is what a deployment has done so far, kept in a file, so that it can
// go on after a failure, and after the machine went away. It holds names and no
// secrets.
type Journal struct {
	Schema  int       `json:"schema"`
	ID      string    `json:"id"`
	Env     string    `json:"env"`
	Started time.Time `json:"started"`
	Steps   []Step    `json:"steps"`

	Account string `json:"account"`
	Region  string `json:"region"`
	Cluster string `json:"cluster"`
	Service string `json:"service"`
	Commit  string `json:"commit"`
	Tag     string `json:"tag"`
	Rebuild bool   `json:"rebuild,omitempty"`
	Dirty   bool   `json:"dirty,omitempty"`   // build from the work tree
	Restart bool   `json:"restart,omitempty"` // run what runs, anew
	Base    string `json:"base,omitempty"`    // revision that the new one is to be made from

	Done     []Step `json:"done"`
	Built    string `json:"built,omitempty"`    // id of the image that was built
	Image    string `json:"image,omitempty"`    // that is deployed, with its digest where it has one
	Words    string `json:"words,omitempty"`    // which image that is, once it is chosen
	Own      bool   `json:"own,omitempty"`      // it is this commit's, and in the registry
	Seen     string `json:"seen,omitempty"`     // id of the service's deployment when this one began
	Before   string `json:"before,omitempty"`   // revision that the service ran
	Revision string `json:"revision,omitempty"` // that was registered for the service

	Who              string    `json:"who,omitempty"` // in AWS, begins what its one-off tasks are started by
	MigrateRevision  string    `json:"migrate_revision,omitempty"`
	MigrateContainer string    `json:"migrate_container,omitempty"` // whose exit code decides
	MigrateToken     string    `json:"migrate_token,omitempty"`     // written before the task is run
	MigrateAsked     time.Time `json:"migrate_asked,omitzero"`      // when that was
	MigrateTask      string    `json:"migrate_task,omitempty"`      // ARN

	Asked      string `json:"asked,omitempty"`      // revision that the service was last asked to run
	Updating   bool   `json:"updating,omitempty"`   // written before it is; until the end is known
	Deployment string `json:"deployment,omitempty"` // its id
	Stopped    string `json:"stopped,omitempty"`    // the id of one that was told to stop, until the service goes back to Before

	path string
}

// maxJournal bounds a journal's size in bytes.
const maxJournal = 1 << 20

// ErrNoJournal says that no deployment was left unfinished.
var ErrNoJournal = errors.New("no deployment was left unfinished")

// journalPath is where the journal of an environment lies.
func journalPath(stateDir, env string) string {
	return filepath.Join(stateDir, "deploy", env+".json")
}

// NewJournal begins one. It is not written before Save.
func NewJournal(stateDir, env string, steps []Step) *Journal {
	j := Unkept(env, steps)
	j.path = journalPath(stateDir, env)
	return j
}

// Unkept is a journal that is never written, of steps that need none.
func Unkept(env string, steps []Step) *Journal {
	return &Journal{Schema: journalSchema, ID: rand.Text(), Env: env, Started: time.Now().UTC(), Steps: steps}
}

// Holder is the process that holds the lock of an environment.
type Holder struct {
	Host  string    `json:"host"`
	PID   int       `json:"pid"`
	Since time.Time `json:"since"`
}

// UnderWayError says that another process is at a deployment, of the same clone.
type UnderWayError struct {
	Env    string
	Holder *Holder // nil if it is not known
}

func (e *UnderWayError) Error() string {
	text := fmt.Sprintf("another 'hci deploy' of %s is under way here", e.Env)
	if e.Holder != nil {
		text += fmt.Sprintf(" since %s: process %d on %s", words.Clock(&e.Holder.Since), e.Holder.PID, e.Holder.Host)
	}
	return text
}

// Lock keeps every other process on this machine from deploying an environment,
// until release is called or this process ends. It fails with an
// [*UnderWayError].
func Lock(stateDir, env string) (release func(), err error) {
	path := journalPath(stateDir, env)
	if err := ownership.MakePrivate(stateDir); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, err
	}
	base := strings.TrimSuffix(path, ".json")
	unlock, ok, err := atomicfile.TryLock(base + ".lock")
	if err != nil {
		return nil, err
	}
	if !ok {
		under := &UnderWayError{Env: env}
		var other Holder
		if data, err := atomicfile.Read(base+".holder", maxJournal); err == nil && json.Unmarshal(data, &other) == nil {
			under.Holder = &other
		}
		return nil, under
	}
	self := Holder{PID: os.Getpid(), Since: time.Now().UTC()}
	self.Host, _ = os.Hostname() // "" is one, too
	data, err := json.Marshal(self)
	if err == nil {
		err = atomicfile.Write(base+".holder", append(data, '\n'), atomicfile.Options{})
	}
	if err != nil {
		unlock()
		return nil, err
	}
	return func() {
		_ = os.Remove(base + ".holder") // one that is left is never read without the lock being held
		unlock()
	}, nil
}

// OpenJournal reads the journal of an environment. It fails with
// [ErrNoJournal].
func OpenJournal(stateDir, env string) (*Journal, error) {
	path := journalPath(stateDir, env)
	data, err := atomicfile.Read(path, maxJournal)
	if errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("%s: %w", env, ErrNoJournal)
	}
	if err != nil {
		return nil, err
	}
	j := &Journal{path: path}
	if err := json.Unmarshal(data, j); err != nil || j.Schema != journalSchema || j.Env != env || j.ID == "" {
		return nil, fmt.Errorf("%s is no journal that this version of hci can read", path)
	}
	return j, nil
}

// Journals lists the environments whose deployment was left unfinished.
func Journals(stateDir string) []string {
	paths, err := filepath.Glob(filepath.Join(stateDir, "deploy", "*.json"))
	if err != nil {
		return nil
	}
	var envs []string
	for _, path := range paths {
		env := strings.TrimSuffix(filepath.Base(path), ".json")
		env, _, _ = strings.Cut(env, serviceSign)
		if !strings.HasPrefix(env, ".") && !slices.Contains(envs, env) { // what a killed process was writing
			envs = append(envs, env)
		}
	}
	return envs
}

// serviceSign stands in the name of a journal between the environment and the service,
// of services that are deployed along with another.
const serviceSign = "@"

// ServiceKey is the key of the journal of a service that is deployed along with another.
func ServiceKey(env, service string) string { return env + serviceSign + service }

// ServiceKeys lists the keys of an environment's journals of services that were deployed
// along with another, and are not finished.
func ServiceKeys(stateDir, env string) []string {
	paths, err := filepath.Glob(filepath.Join(stateDir, "deploy", "*.json"))
	if err != nil {
		return nil
	}
	var keys []string
	for _, path := range paths {
		if key := strings.TrimSuffix(filepath.Base(path), ".json"); strings.HasPrefix(key, env+serviceSign) {
			keys = append(keys, key)
		}
	}
	return keys
}

// ForgetServices removes the journals that [ServiceKeys] lists, but for some.
func ForgetServices(stateDir, env string, but []string) {
	for _, key := range ServiceKeys(stateDir, env) {
		if !slices.Contains(but, key) {
			_ = os.Remove(journalPath(stateDir, key)) // what is left is said, and begins nothing by itself
		}
	}
}

// Follow takes the image that another deployment has chosen.
func (j *Journal) Follow(other *Journal) {
	if j.Words == "" {
		j.Image, j.Words, j.Own, j.Commit, j.Tag = other.Image, other.Words, other.Own, other.Commit, other.Tag
	}
}

// Migrating reports whether a migration was asked for whose end is not known.
func (j *Journal) Migrating() bool {
	return j.MigrateToken != "" && slices.ContainsFunc(Without(j.Steps, j.Done), func(s Step) bool { return slices.Contains(Migrations, s) })
}

// ForgetMigration notes that the migration which was asked for has ended: the next one
// is another task.
func (j *Journal) ForgetMigration() {
	j.MigrateToken, j.MigrateTask, j.MigrateRevision, j.MigrateContainer = "", "", "", ""
}

// Kept reports whether the journal is written to a file.
func (j *Journal) Kept() bool { return j.path != "" }

// Save writes the journal.
func (j *Journal) Save() error {
	if j.path == "" {
		return nil
	}
	data, err := json.MarshalIndent(j, "", "  ")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(j.path), 0o700); err != nil {
		return err
	}
	return atomicfile.Write(j.path, append(data, '\n'), atomicfile.Options{})
}

// End removes the journal of a deployment that is done.
func (j *Journal) End() error {
	if j.path == "" {
		return nil
	}
	err := os.Remove(j.path)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	return err
}

// IsDone reports whether a step was done.
func (j *Journal) IsDone(s Step) bool { return slices.Contains(j.Done, s) }

// WentBack notes that the user made the service run another revision than was's, in
// a deployment with an id: the next attempt may go over that, if was is what this
// one began with or made.
func (j *Journal) WentBack(was *ecs.Deployment, id string) error {
	if was == nil || was.ID != j.Seen && !OwnOf(j).Is(was) {
		return nil
	}
	j.Seen, j.Deployment, j.Updating, j.Stopped = id, "", false, ""
	return j.Save()
}

// Did notes a step and writes the journal.
func (j *Journal) Did(s Step) error {
	if !j.IsDone(s) {
		j.Done = append(j.Done, s)
	}
	return j.Save()
}

// startedBy tells, in AWS, the task of this attempt to migrate from others'.
func (j *Journal) StartedBy() string {
	if j.MigrateToken == "" {
		return ""
	}
	return StartedBy(j.Who, j.MigrateToken)
}

// Left are the steps that are still to be done.
func (j *Journal) Left() []Step {
	left := Without(j.Steps, j.Done)
	if slices.Contains(left, Push) && slices.Contains(j.Steps, Login) {
		left = append(left, Login) // the login went with the process
	}
	return Sorted(left)
}

// chosen reports whether --base names the revision that the new one is made from,
// whatever is newer.
func Chosen(base string) bool { return base != "" && base != "newest" }

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
)

// journalSchema is the version of the journal's form.
const journalSchema = 4

// Journal is what a deployment is to do and has done so far, kept in a file, so that it
// can be resumed after a failure, and after the machine went away. It holds names and no
// secrets.
type Journal struct {
	Schema  int       `json:"schema"`
	ID      string    `json:"id"`
	Env     string    `json:"env"`
	Started time.Time `json:"started"`
	Who     string    `json:"who,omitempty"` // in AWS, begins what its one-off tasks are started by
	Steps   []Step    `json:"steps"`
	Done    []Step    `json:"done"`
	Phase   Phase     `json:"phase"`

	Place     `json:"place"`
	Options   `json:"options"`
	Chosen    `json:"image"`
	Migration Migration `json:"migration"`
	Rollout   `json:"rollout"`

	path string
}

// Place is where a deployment's service is.
type Place struct {
	Account string `json:"account"`
	Region  string `json:"region"`
	Cluster string `json:"cluster"`
	Service string `json:"service"`
}

// Options are what the user asked for besides the steps.
type Options struct {
	Rebuild bool   `json:"rebuild,omitempty"` // build even if the commit's image is there
	Dirty   bool   `json:"dirty,omitempty"`   // build from the work tree
	Restart bool   `json:"restart,omitempty"` // change nothing, start the tasks again
	Base    string `json:"base,omitempty"`    // BaseRunning, BaseNewest; "" chooses
}

// Bases of a new revision.
const (
	BaseRunning = "running" // what the service runs, whatever is newer
	BaseNewest  = "newest"
)

// Chosen is the image that is deployed.
type Chosen struct {
	Commit string `json:"commit"`
	Tag    string `json:"tag"`
	Built  string `json:"built,omitempty"` // id of the image that was built
	Image  string `json:"image,omitempty"` // with its digest where it has one
	Words  string `json:"words,omitempty"` // which image that is, once it is chosen
	Own    bool   `json:"own,omitempty"`   // it is this commit's, and in the registry
}

// Migration is the one-off task that migrates.
type Migration struct {
	Revision  string    `json:"revision,omitempty"`
	Container string    `json:"container,omitempty"` // whose exit code decides
	Token     string    `json:"token,omitempty"`     // written before the task is run
	Asked     time.Time `json:"asked,omitzero"`      // when that was
	Task      string    `json:"task,omitempty"`      // ARN
}

// Rollout is the update of the service.
type Rollout struct {
	Seen       string `json:"seen,omitempty"`       // id of the service's deployment that this one follows
	Before     string `json:"before,omitempty"`     // revision to go back to
	Revision   string `json:"revision,omitempty"`   // that the service is to run
	Deployment string `json:"deployment,omitempty"` // id of the one that was started last
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
	return &Journal{Schema: journalSchema, ID: rand.Text(), Env: env, Started: time.Now().UTC(), Steps: steps, Phase: Prepared}
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
	var old OldJournalError
	switch {
	case json.Unmarshal(data, &old) == nil && old.Schema > 0 && old.Schema < journalSchema && old.Env == env:
		return nil, &old
	case json.Unmarshal(data, j) != nil || j.Schema != journalSchema || j.Env != env || j.ID == "" || phases[j.Phase] == nil:
		return nil, fmt.Errorf("%s is no journal that this version of hci can read", path)
	}
	return j, nil
}

// OldJournalError says that an earlier version of hci left a deployment unfinished. What
// it wrote means something else than what this version writes, and is not resumed.
type OldJournalError struct {
	Schema  int       `json:"schema"`
	Env     string    `json:"env"`
	Started time.Time `json:"started"`
	Commit  string    `json:"commit"`
	Done    []Step    `json:"done"`
}

func (e *OldJournalError) Error() string {
	done := "nothing"
	if len(e.Done) > 0 {
		done = strings.Join(stepWords(e.Done), ", ")
	}
	return fmt.Sprintf("the deployment of commit %.12s that began at %s was left unfinished by an earlier version of hci, and can't be resumed by this one; it had done: %s",
		e.Commit, e.Started.UTC().Format("2006-01-02 15:04 UTC"), done)
}

// Next says what to do.
func (e *OldJournalError) Next() string {
	env, _, _ := strings.Cut(e.Env, serviceSign)
	return fmt.Sprintf("'hci deploy status %s' shows what runs; 'hci deploy %s' begins a new deployment", env, env)
}

// Begun reports whether the deployment was agreed to before: it is resumed.
func (j *Journal) Begun() bool { return j.Region != "" }

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

// Follow takes the image that another deployment has chosen.
func (j *Journal) Follow(other *Journal) {
	if j.Words == "" {
		j.Image, j.Words, j.Own, j.Commit, j.Tag = other.Image, other.Words, other.Own, other.Commit, other.Tag
	}
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

// Did notes a step and writes the journal.
func (j *Journal) Did(s Step) error {
	if !j.IsDone(s) {
		j.Done = append(j.Done, s)
	}
	if s == Update || slices.Contains(Migrations, s) {
		j.Phase = Prepared // in one write: else it would be run twice
	}
	return j.Save()
}

// StartedBy tells, in AWS, the task of this attempt to migrate from others'.
func (j *Journal) StartedBy() string {
	if j.Migration.Token == "" {
		return ""
	}
	return StartedBy(j.Who, j.Migration.Token)
}

// Left are the steps that are still to be done.
func (j *Journal) Left() []Step {
	left := Without(j.Steps, j.Done)
	if slices.Contains(left, Push) && slices.Contains(j.Steps, Login) {
		left = append(left, Login) // the login went with the process
	}
	return Sorted(left)
}

// StartedBy says in AWS who started a one-off task; the token tells it from that
// person's others. It has the letters that AWS allows.
//
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RunTask.html
func StartedBy(who, token string) string {
	who = strings.Map(func(r rune) rune {
		if r < 0x80 && (r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z' || strings.ContainsRune("-_/", r)) {
			return r
		}
		return '-'
	}, "hci/"+who)
	const most = 128
	const shown = 8
	tag := "/" + token[:min(len(token), shown)]
	return who[:min(len(who), most-len(tag))] + tag
}

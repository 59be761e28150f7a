package state

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"hci/internal/atomicfile"
	"hci/internal/deploy/words"
	"hci/internal/ownership"
)

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

// Next says what to do.
func (e *UnderWayError) Next() string { return "wait for it to end, or end it" }

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

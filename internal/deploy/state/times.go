package state

import (
	"encoding/json"
	"os"
	"path/filepath"
	"time"

	"hci/internal/atomicfile"
)

// Times are how long steps took when they were done last.
type Times map[string]time.Duration

// timesPath is where they are kept for an environment.
func timesPath(stateDir, env string) string { return filepath.Join(stateDir, "deploy", env+".times") }

// ReadTimes reads them. What can't be read is not known: it is only shown besides.
func ReadTimes(stateDir, env string) Times {
	t := Times{}
	data, err := atomicfile.Read(timesPath(stateDir, env), maxJournal)
	if err != nil || json.Unmarshal(data, &t) != nil {
		return Times{}
	}
	return t
}

// Save keeps what steps took, beside those that were not done now.
func (t Times) Save(stateDir, env string) error {
	all := ReadTimes(stateDir, env)
	for step, took := range t {
		all[step] = took
	}
	data, err := json.Marshal(all)
	if err != nil {
		return err
	}
	path := timesPath(stateDir, env)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	return atomicfile.Write(path, append(data, '\n'), atomicfile.Options{})
}

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"unicode/utf16"

	"github.com/spf13/cobra"

	"hci/internal/term"
)

// envelopeSchema is the version of what every --json has in common: "schema",
// "command" and, of a command that reports a list, "items".
const envelopeSchema = planSchema

// printJSON reports v: its fields behind those of the envelope or, if v is a list, v
// as "items". It is written when the command has ended, with what failed besides.
func (a *app) printJSON(v any) error {
	var body bytes.Buffer
	enc := json.NewEncoder(&body)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return err
	}
	command, err := json.Marshal(a.command)
	if err != nil {
		return err
	}
	fields := bytes.TrimSpace(body.Bytes())
	if bytes.HasPrefix(fields, []byte("{")) {
		fields = bytes.TrimPrefix(fields[1:len(fields)-1], fmt.Appendf(nil, `"schema":%d`, envelopeSchema))
		fields = bytes.TrimPrefix(fields, []byte(","))
	} else {
		if bytes.Equal(fields, []byte("null")) {
			fields = []byte("[]")
		}
		fields = append([]byte(`"items":`), fields...)
	}
	all := fmt.Appendf(nil, `{"schema":%d,"command":%s`, envelopeSchema, command)
	if len(fields) > 0 {
		all = append(append(all, ','), fields...)
	}
	err = a.flushJSON() // of a command that makes several
	a.reported = append(all, '}')
	return err
}

// flushJSON writes the report to stdout, indented, with a final newline.
func (a *app) flushJSON() error {
	if a.reported == nil {
		return nil
	}
	var out bytes.Buffer
	if err := json.Indent(&out, a.reported, "", "  "); err != nil {
		return err
	}
	a.reported = nil
	_, err := io.WriteString(a.out, escaped(out.String())+"\n")
	return err
}

// joinFailure adds to the report why the command failed all the same. What a report
// says of it in its own fields stays.
func (a *app) joinFailure(failure errorReport) error {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(a.reported, &fields); err != nil {
		return err
	}
	more := map[string]any{"exit_code": failure.ExitCode, "exit": failure.Exit, "errors": failure.Errors}
	for _, name := range []string{"exit_code", "exit", "errors"} {
		if _, there := fields[name]; there {
			continue
		}
		value, err := json.Marshal(more[name])
		if err != nil {
			return err
		}
		a.reported = fmt.Appendf(a.reported[:len(a.reported)-1], `,%q:%s}`, name, value)
	}
	return nil
}

// escaped writes the characters of a JSON text that are not shown as themselves
// by their numbers: they stand in strings only.
func escaped(text string) string {
	if !strings.ContainsFunc(text, func(r rune) bool { return !term.IsText(r) }) {
		return text
	}
	var b strings.Builder
	for _, r := range text {
		if term.IsText(r) {
			b.WriteRune(r)
			continue
		}
		for _, unit := range utf16.Encode([]rune{r}) {
			fmt.Fprintf(&b, `\u%04x`, unit)
		}
	}
	return b.String()
}

// commandName is a command as the envelope names it: "secrets diff".
func commandName(cmd *cobra.Command) string {
	name := cmd.CommandPath()
	if root := cmd.Root().Name() + " "; len(name) > len(root) && name[:len(root)] == root {
		return name[len(root):]
	}
	return name
}

// errorReport is the JSON form of why a command failed.
type errorReport struct {
	ExitCode int           `json:"exit_code"`
	Exit     string        `json:"exit"` // the code's name
	Errors   []errorDetail `json:"errors"`
}

type errorDetail struct {
	Text string   `json:"text"`
	Next []string `json:"next,omitempty"` // what to do
}

// exitNames are the names of the exit codes in JSON.
var exitNames = map[int]string{
	exitFailed: "failed", exitDifferences: "differences", exitPassphrase: "passphrase", exitConflict: "conflict",
	exitNotExecutable: "not_executable", exitNotFound: "not_found", exitInterrupted: "interrupted",
}

// wantsJSON reports whether a command was given --json, be it in a command line
// that was not understood.
func (a *app) wantsJSON(cmd *cobra.Command, misused bool) bool {
	if cmd == nil || cmd.DisableFlagParsing { // the program's that hci starts
		return false
	}
	f := cmd.Flags().Lookup("json")
	return f != nil && f.Value.String() == "true" || a.askedJSON && misused
}

// reportJSON tells why a command with --json failed, in its report if it has one.
func (a *app) reportJSON(cmd *cobra.Command, misused bool, code int, details []errorDetail) {
	if !a.wantsJSON(cmd, misused) || len(details) == 0 {
		return
	}
	name := exitNames[code]
	if name == "" {
		name = "ended"
	}
	if a.events {
		a.event(deployEvent{Event: "error", ExitCode: code, Result: name, Errors: details})
		return
	}
	failure := errorReport{ExitCode: code, Exit: name, Errors: details}
	tell := a.joinFailure
	if a.reported == nil {
		a.command = commandName(cmd)
		tell = func(failure errorReport) error { return a.printJSON(failure) }
	}
	if err := tell(failure); err != nil {
		a.sayf("%v", err)
	}
}

package main

import (
	"errors"
	"fmt"
	"reflect"
	"testing"

	"hci/internal/git"
	"hci/internal/ownership"
	"hci/internal/project"
	"hci/internal/sealed"
	"hci/internal/terraform"
)

type nextError struct {
	text, next string
	under      error
}

func (e *nextError) Error() string { return e.text }
func (e *nextError) Next() string  { return e.next }
func (e *nextError) Unwrap() error { return e.under }

func TestTheNextCommandOfAnError(t *testing.T) {
	inner := &nextError{text: "inner", next: "do this"}
	for name, c := range map[string]struct {
		err  error
		want []string
	}{
		"none":            {errors.New("x"), nil},
		"wrapped":         {fmt.Errorf("a: %w", fmt.Errorf("b: %w", inner)), []string{"do this"}},
		"outermost first": {&nextError{text: "o", next: "first", under: inner}, []string{"first", "do this"}},
		"said once":       {&nextError{text: "o", next: "do this", under: inner}, []string{"do this"}},
		"nothing to do":   {&nextError{text: "o", under: inner}, []string{"do this"}},
		"two under one":   {fmt.Errorf("%w and %w", inner, &nextError{next: "that"}), []string{"do this", "that"}},
	} {
		if got := next(c.err); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
	for _, err := range []error{
		&project.NoProjectError{}, &git.ForeignError{}, &ownership.NotPrivateError{}, &sealed.JournalError{}, &project.UnknownEnvironmentError{}, &terraform.NoDirectoryError{},
		&project.AmbiguousError{Paths: []string{"a"}}, &project.WorkspaceError{}, &project.NoDefaultEnvironmentError{}, &noEnvironmentError{},
	} {
		if len(next(err)) != 1 {
			t.Errorf("%T says not what to do", err)
		}
	}
}

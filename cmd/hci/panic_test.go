package main

import (
	"errors"
	"strings"
	"testing"
)

// A panic's value can hold what was being worked on; it is not shown.
func TestAPanicShowsNoValue(t *testing.T) {
	err := withoutValues(func() error {
		panic("s3cr3t")
	})
	var fault *panicError
	if !errors.As(err, &fault) || strings.Contains(err.Error(), "s3cr3t") || !strings.Contains(err.Error(), "panic_test.go:12") || len(next(err)) != 1 {
		t.Errorf("%v", err)
	}
	if err := withoutValues(func() error { return errNothing }); !errors.Is(err, errNothing) {
		t.Errorf("%v", err)
	}
}

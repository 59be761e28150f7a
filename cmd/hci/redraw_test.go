package main

import (
	"bytes"
	"io"
	"testing"
)

// TestRedrawn holds what is written over away from dumb terminals and screen
// readers.
func TestRedrawn(t *testing.T) {
	var out bytes.Buffer
	for _, c := range []struct {
		environ []string
		plain   bool
		want    io.Writer
	}{{nil, false, nil}, {[]string{"TERM=xterm"}, false, nil}, {[]string{"TERM=dumb"}, false, io.Discard}, {nil, true, io.Discard}} {
		a := newApp(streams{err: &out}, c.environ)
		a.plain = c.plain
		if c.want == nil {
			c.want = a.err
		}
		if got := a.redrawn(); got != c.want {
			t.Errorf("%v, plain %v: %T", c.environ, c.plain, got)
		}
	}
}

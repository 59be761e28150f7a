package process

// Windows takes 32,767 characters for one variable.
//
// https://learn.microsoft.com/windows/win32/api/winbase/nf-winbase-setenvironmentvariable
const (
	maxString   = 32767
	maxTotal    = 1 << 30
	pointerSize = 0
)

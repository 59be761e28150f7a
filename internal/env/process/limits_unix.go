//go:build unix && !darwin

package process

// Linux takes 128 KiB for one text (MAX_ARG_STRLEN) and a quarter of the stack's
// limit, 8 MiB where nobody changed it, for all of them together with the
// arguments; the others take no less.
//
// https://man7.org/linux/man-pages/man2/execve.2.html
const (
	maxString   = 128 << 10
	maxTotal    = 2<<20 - 128<<10 // leaves room for the arguments
	pointerSize = 8
)

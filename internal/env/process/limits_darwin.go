package process

// macOS takes 1 MiB (ARG_MAX) for all texts together with the arguments.
const (
	maxString   = 1<<20 - 64<<10
	maxTotal    = 1<<20 - 64<<10 // leaves room for the arguments
	pointerSize = 8
)

// Command hci keeps a team's secrets in one place: sealed in git, pushed to
// AWS Secrets Manager, exported to .env files.
package main

import (
	"context"
	"os"
	"runtime/debug"

	"hci/internal/interrupt"
)

// memoryLimit is where the garbage collector begins to work harder. What hci
// holds is small, what it throws away is not: 10,000 secrets take 50 MiB with
// this limit and 90 without, in the same time. GOMEMLIMIT goes before it.
const memoryLimit = 40 << 20

func main() { os.Exit(perform()) }

// perform is all that the process does; it returns the exit code.
func perform() int {
	withoutCoreDump()
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(memoryLimit)
	}
	ctx, stop := interrupt.Context(context.Background())
	defer stop()
	return run(ctx, os.Args[1:], streams{in: os.Stdin, out: os.Stdout, err: os.Stderr}, os.Environ())
}

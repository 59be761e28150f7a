// Command hci keeps a team's secrets in one place: sealed in git, pushed to
// AWS Secrets Manager, exported to .env files.
package main

import (
	"context"
	"os"

	"hci/internal/interrupt"
)

func main() { os.Exit(perform()) }

// perform is all that the process does; it returns the exit code.
func perform() int {
	withoutCoreDump()
	limitMemory()
	ctx, stop := interrupt.Context(context.Background())
	defer stop()
	return run(ctx, os.Args[1:], streams{in: os.Stdin, out: os.Stdout, err: os.Stderr}, os.Environ())
}

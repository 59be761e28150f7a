// Command agekey makes keys of age for the demo, as age-keygen does: a private
// key in each file that is named, and the public one in FILE.pub.
package main

import (
	"fmt"
	"os"

	"filippo.io/age"
)

func main() {
	for _, path := range os.Args[1:] {
		if err := write(path); err != nil {
			fmt.Fprintln(os.Stderr, "agekey:", err)
			os.Exit(1)
		}
	}
}

func write(path string) error {
	id, err := age.GenerateX25519Identity()
	if err != nil {
		return err
	}
	if err := os.WriteFile(path, []byte(id.String()+"\n"), 0o600); err != nil {
		return err
	}
	return os.WriteFile(path+".pub", []byte(id.Recipient().String()+"\n"), 0o644)
}

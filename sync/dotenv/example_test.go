package dotenv_test

import (
	"errors"
	"fmt"

	"hci/sync/dotenv"
	"hci/sync/secret"
)

// Write variables so that every reader of .env files reads the same.
func Example() {
	dialect, _ := dotenv.ByName("dotenv")
	file, err := dotenv.Encode(dialect, []dotenv.Entry{
		{Key: "SITE", Value: secret.New("https://example.org")},
		{Key: "GREETING", Value: secret.New("it's #1")},
	}, dotenv.Options{Header: "Made by an example."})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%s", file)
	// Output:
	// # Made by an example.
	// SITE=https://example.org
	// GREETING="it's #1"
}

// What no reader would read alike is refused, and the formats that can hold it
// are named.
func ExampleEncode_refused() {
	dialect, _ := dotenv.ByName("dotenv")
	_, err := dotenv.Encode(dialect, []dotenv.Entry{{Key: "HASH", Value: secret.New("it's $2b$10$x")}}, dotenv.Options{})
	var refused *dotenv.RefusedError
	fmt.Println(errors.As(err, &refused))
	// Output:
	// true
}

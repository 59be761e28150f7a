package crypto_test

import (
	"errors"
	"fmt"

	"hci/crypto"
)

// Seal a text, and open it again: whatever parameters it was sealed with, they
// are found.
func Example() {
	passphrase := []byte("correct horse battery staple")
	sealed, err := crypto.Seal([]byte("db_password = \"x\"\n"), passphrase, crypto.DefaultParams(), "production")
	if err != nil {
		fmt.Println(err)
		return
	}
	opened, err := crypto.Open(sealed, passphrase, crypto.OpenOptions{Context: "production"})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%s", opened.Plaintext)
	fmt.Println(opened.Params, "authenticated:", opened.Authenticated)

	_, err = crypto.Open(sealed, []byte("another"), crypto.OpenOptions{Params: []crypto.Params{crypto.DefaultParams()}, DeclaredOnly: true})
	fmt.Println(errors.Is(err, crypto.ErrWrongPassphrase))
	// Output:
	// db_password = "x"
	// pbkdf2 sha256 600000 iterations authenticated: true
	// true
}

// What "openssl enc -aes-256-cbc -pbkdf2 -a" wrote: the plaintext comes with the
// parameters that fitted, and without authentication, which openssl has none of.
func ExampleOpen() {
	const written = "U2FsdGVkX1/eogcd7NCgnvt/vzeQt86G0nVe6w/2JckW2A2jyLsJ3rcgFSfjH9pi\n"
	opened, err := crypto.Open([]byte(written), []byte("correct-horse"), crypto.OpenOptions{})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(opened.Params, "authenticated:", opened.Authenticated)
	fmt.Printf("%s", opened.Plaintext)
	// Output:
	// pbkdf2 sha256 10000 iterations authenticated: false
	// db_password = 1
}

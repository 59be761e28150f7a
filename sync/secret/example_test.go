package secret_test

import (
	"fmt"

	"hci/sync/secret"
)

// A value shows itself only where it is asked to.
func Example() {
	v := secret.New("s3cr3t")
	fmt.Println(v)
	fmt.Printf("%+v\n", struct{ Password secret.Value }{v})
	fmt.Println(v.Equal(secret.New("s3cr3t")), len(v.Reveal()))
	// Output:
	// [secret]
	// {Password:[secret]}
	// true 6
}

package tfvars_test

import (
	"fmt"

	"github.com/zclconf/go-cty/cty"

	"hci/tfvars"
)

// Read a file, change one value, and keep everything else as it was.
func Example() {
	file, err := tfvars.Parse([]byte(`
# The database.
db = { host = "db.internal", port = 5432 }
db_password = "old" # rotated in May
`), "production.tfvars")
	if err != nil {
		fmt.Println(err) // file, line and column; never a value
		return
	}
	if err := file.Set("db_password", cty.StringVal("new")); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%s", file.Bytes())

	db, _ := file.Value("db")
	text, err := tfvars.Text(db)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(text)          // a secret does not print itself
	fmt.Println(text.Reveal()) // what Terraform's jsonencode writes
	// Output:
	// # The database.
	// db = { host = "db.internal", port = 5432 }
	// db_password = "new" # rotated in May
	// [secret]
	// {"host":"db.internal","port":5432}
}

// Which names two files tell apart, without a value.
func ExampleCompare() {
	old, err := tfvars.Parse([]byte("a = 1\nb = 2\n"), "old.tfvars")
	if err != nil {
		fmt.Println(err)
		return
	}
	next, err := tfvars.Parse([]byte("b = 3\nc = 4\n"), "new.tfvars")
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, change := range tfvars.Compare(old, next) {
		fmt.Println(change.Name, change.Kind)
	}
	// Output:
	// a removed
	// b changed
	// c added
}

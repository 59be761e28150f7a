package module_test

import (
	"fmt"
	"testing/fstest"

	"github.com/zclconf/go-cty/cty"

	"hci/tfvars/module"
)

// Which secrets does this directory declare for the workspace "staging"?
func Example() {
	directory := fstest.MapFS{"main.tf": {Data: []byte(`
variable "db_password" { sensitive = true }
resource "aws_db_instance" "main" { username = "app" }
resource "aws_secretsmanager_secret" "db" { name = "app/db-${terraform.workspace}" }
resource "aws_secretsmanager_secret_version" "db" {
  secret_id     = aws_secretsmanager_secret.db.id
  secret_string = jsonencode({
    host     = aws_db_instance.main.address
    username = aws_db_instance.main.username
    password = var.db_password
  })
}
`)}}
	read, err := module.Load(directory) // os.DirFS("infra") for a real one
	if err != nil {
		fmt.Println(err)
		return
	}
	evaluated, err := read.Evaluate(module.Inputs{
		Workspace: "staging",
		Values:    map[string]cty.Value{"db_password": cty.StringVal("x")},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, secret := range evaluated.Secrets {
		fmt.Println(secret.Name, "is", secret.Status)
		fmt.Println("it comes from", secret.Variables, "and waits for", secret.Unknown)
	}
	// Output:
	// app/db-staging is unknown
	// it comes from [db_password] and waits for [aws_db_instance.main.address]
}

// Package lint finds what is wrong with a project without asking AWS: check
// looks at the Terraform code and the tracked files, verify at each
// environment's sealed file. Its rules stand in one table, rules.go.
//
// What Secrets Manager holds against what the code declares is compared by
// hci/internal/compare.
package lint

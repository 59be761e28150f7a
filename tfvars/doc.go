// Package tfvars reads and edits Terraform's variables files, .tfvars and
// .tfvars.json.
//
// Start here: for most uses, call [Parse], then [File.Names] and [File.Value] to
// read, or [File.Set], [File.Unset] and [File.Bytes] to edit; [Text] is what
// a value is elsewhere. What the Terraform code makes of the variables is
// hci/tfvars/module's.
//
// # Reading
//
// [Parse] accepts what Terraform 1.11 accepts, and reads the same values: any
// expression that refers to nothing, so strings with every escape, templates
// and heredocs, numbers of 512 bits, bools, null, lists, objects, and also
// operators, conditions and "for". Functions, variables, blocks and a name that
// is set twice are refused. The grammar is HashiCorp's HCL native syntax
// (https://github.com/hashicorp/hcl/blob/main/hclsyntax/spec.md), what is
// allowed of it is decided by addVarsFromFile in Terraform's
// internal/command/meta_vars.go, and Terraform itself is the oracle of the
// tests. As in Terraform, strings are in Unicode's normalization form C, names
// are the bytes of the file.
//
// Beyond [MaxSize], a nesting of 1000, and numbers of 100,000 digits, and where
// an expression could grow beyond 64 MiB, the file is refused, where Terraform
// would run out of memory or stack.
//
// # Editing
//
// A [File] keeps the bytes it was parsed from, and [File.Bytes] returns them.
// [File.Set], [File.Unset] and [File.Rename] change their own bytes only;
// comments, blank lines, order, alignment and line endings stay. Each edit is
// read back before it counts: if anything but the intended change came out,
// the edit is an error and the file is as it was.
//
// # Secrets
//
// These files hold secrets. An error never quotes them, nor a text given to
// [FromText]: HashiCorp's diagnostics, which do, are reduced to a place and a
// sentence from a fixed set.
package tfvars

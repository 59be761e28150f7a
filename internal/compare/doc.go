// Package compare sets an environment's secrets, as the secrets file and the
// Terraform code make them, against what AWS Secrets Manager holds: which
// secrets are wanted, under which names, which are there that nobody declares,
// and what of the held values can be brought back into the file.
//
// It asks nobody and prints nothing: what a person should know besides goes to
// [Session.Note]. Package hci/sync has the comparison of one secret itself,
// hci/internal/terraform the evaluation of the code.
package compare

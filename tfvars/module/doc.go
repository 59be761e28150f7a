// Package module reads a Terraform directory for what it says about secrets.
//
// Start here: for most uses, call [Load] on os.DirFS(DIR), then
// [Module.Evaluate]; [Evaluated] lists the secrets, services and containers. The
// variables' values come from hci/tfvars or from elsewhere.
//
// [Load] reads every *.tf and *.tf.json, override files and the modules that
// are called by a path in the same file system. [Module.Evaluate] computes, for
// one workspace and one set of variable values, which secrets Terraform keeps
// in AWS Secrets Manager (aws_secretsmanager_secret), which values it gives
// them (aws_secretsmanager_secret_version), which parameters of Systems Manager
// hold secrets (aws_ssm_parameter), and where they are (provider "aws"). Names and values are those that Terraform itself computes: parsing,
// types and functions are HashiCorp's libraries.
//
// What Terraform learns only by applying (attributes of resources, data
// sources, modules from elsewhere, timestamps) is unknown here, stays unknown
// through every expression, and is reported by its address, such as
// "aws_db_instance.main.address". Nothing is guessed: of other resources, only
// the arguments that their provider is known to give back as they were written
// (a database's user name, a queue's name) are known when they are referred to.
//
// Nothing is run, nothing is sent, and no file is opened outside the file
// system given: file() and its relatives give unknown values for such paths.
//
// Errors are [tfvars.Problems]: a place, and a text that holds names that the
// configuration declares but never a value nor other source text. The one text
// of an author's that is shown is a validation's error_message, if it is
// literal.
package module

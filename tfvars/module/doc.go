// Package module reads a Terraform directory for what it says about secrets.
//
// [Load] reads every *.tf and *.tf.json, override files and the modules that
// are called by a path in the same file system. [Module.Evaluate] computes, for
// one workspace and one set of variable values, which secrets Terraform keeps
// in AWS Secrets Manager (aws_secretsmanager_secret), which values it gives
// them (aws_secretsmanager_secret_version), and where they are (provider
// "aws"). Names and values are those that Terraform itself computes: parsing,
// types and functions are HashiCorp's libraries.
//
// What Terraform learns only by applying (attributes of resources, data
// sources, modules from elsewhere, timestamps) is unknown here, stays unknown
// through every expression, and is reported by its address, such as
// "aws_db_instance.main.address". Nothing is guessed: an argument of a resource
// whose type this package does not know is unknown too when it is referred to,
// because its provider may have normalized it.
//
// Nothing is run, nothing is sent, and no file is opened outside the file
// system given: file() and its relatives give unknown values for such paths.
//
// Errors are [tfvars.Problems]: a place, and a text that holds names that the
// configuration declares but never a value nor other source text. The one text
// of an author's that is shown is a validation's error_message, if it is
// literal.
package module

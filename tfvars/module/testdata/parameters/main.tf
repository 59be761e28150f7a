# Parameters of Systems Manager that hold secrets: those that AWS encrypts, and
# those whose value comes from something sensitive.
provider "aws" { region = "eu-central-1" }
variable "password" { sensitive = true }
variable "host" {}
variable "kind" { default = null }
variable "keys" { type = map(string) }

resource "aws_ssm_parameter" "secure" {
  name   = "/shop/${terraform.workspace}/db"
  type   = "SecureString"
  value  = var.password
  key_id = "alias/shop"
  tier   = "Intelligent-Tiering"
}
resource "aws_ssm_parameter" "write_only" {
  name             = "write-only"
  type             = "SecureString"
  value_wo         = var.password
  value_wo_version = 1
}
resource "aws_ssm_parameter" "from_sensitive" {
  name           = "from-sensitive"
  type           = "String"
  insecure_value = "postgres://${var.host}:${var.password}"
}
resource "aws_ssm_parameter" "list" {
  name  = "list"
  type  = "StringList"
  value = "a,${var.password}"
}
resource "aws_ssm_parameter" "plain" {
  name  = "plain"
  type  = "String"
  value = var.host
}
resource "aws_ssm_parameter" "unknown_type" {
  name  = "unknown-type"
  type  = random_id.x.hex
  value = var.host
}
resource "aws_ssm_parameter" "ignored" {
  name  = "ignored"
  type  = "SecureString"
  value = "made by hand"
  lifecycle { ignore_changes = [value] }
}
resource "aws_ssm_parameter" "each" {
  for_each = var.keys
  name     = "/shop/${each.key}"
  type     = "SecureString"
  value    = each.value
}
resource "aws_ssm_parameter" "later" {
  name  = "/shop/later"
  type  = "SecureString"
  value = "postgres://${aws_db_instance.main.address}/${var.password}"
}
resource "aws_ssm_parameter" "some" {
  for_each = toset(random_id.x[*].hex)
  name     = each.value
  type     = "SecureString"
  value    = var.password
}
resource "aws_ssm_parameter" "some_plain" {
  for_each = toset(random_id.x[*].hex)
  name     = each.value
  type     = "String"
  value    = var.host
}
# A secret and a parameter of one name are two.
resource "aws_secretsmanager_secret" "secure" { name = "/shop/staging/db" }
resource "aws_secretsmanager_secret_version" "secure" {
  secret_id     = aws_secretsmanager_secret.secure.id
  secret_string = aws_ssm_parameter.secure.value
}
resource "random_id" "x" {}
resource "aws_db_instance" "main" {}

variable "prod" { type = bool }
variable "secret" {
  type    = string
  default = null
}
variable "unset" {
  type    = string
  default = null
}
resource "aws_secretsmanager_secret" "plain" {
  name = "plain"
}
resource "aws_secretsmanager_secret_version" "plain" {
  secret_id     = aws_secretsmanager_secret.plain.id
  secret_string = var.prod ? "p" : "s"
}
resource "aws_secretsmanager_secret" "null_default" {
  name = "null_default"
}
resource "aws_secretsmanager_secret_version" "null_default" {
  secret_id     = aws_secretsmanager_secret.null_default.id
  secret_string = var.unset == null ? "was null" : var.unset
}
resource "aws_secretsmanager_secret" "object" {
  name = "object"
}
resource "aws_secretsmanager_secret_version" "object" {
  secret_id     = aws_secretsmanager_secret.object.id
  secret_string = jsonencode(var.prod ? { a = 1, b = null } : { a = 2, b = "x" })
}
resource "aws_secretsmanager_secret" "nested" {
  name = "nested"
}
resource "aws_secretsmanager_secret_version" "nested" {
  secret_id     = aws_secretsmanager_secret.nested.id
  secret_string = var.prod ? "x" : (terraform.workspace == "staging" ? "${var.secret}-st" : "other")
}
resource "aws_secretsmanager_secret" "number_or_text" {
  name = "number_or_text"
}
resource "aws_secretsmanager_secret_version" "number_or_text" {
  secret_id     = aws_secretsmanager_secret.number_or_text.id
  secret_string = var.prod ? "text" : 12
}

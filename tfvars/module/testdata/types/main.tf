variable "number" { type = number }
variable "bool" { type = bool }
variable "nothing" {
  type     = string
  nullable = false
  default  = "the default"
}
variable "any" {}
resource "aws_secretsmanager_secret" "number" { name = "number" }
resource "aws_secretsmanager_secret_version" "number" {
  secret_id     = aws_secretsmanager_secret.number.id
  secret_string = var.number
}
resource "aws_secretsmanager_secret" "bool" { name = "bool" }
resource "aws_secretsmanager_secret_version" "bool" {
  secret_id     = aws_secretsmanager_secret.bool.id
  secret_string = var.bool
}
resource "aws_secretsmanager_secret" "nothing" { name = "nothing" }
resource "aws_secretsmanager_secret_version" "nothing" {
  secret_id     = aws_secretsmanager_secret.nothing.id
  secret_string = var.nothing
}
resource "aws_secretsmanager_secret" "any" { name = "any" }
resource "aws_secretsmanager_secret_version" "any" {
  secret_id     = aws_secretsmanager_secret.any.id
  secret_string = jsonencode(var.any)
}

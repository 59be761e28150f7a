variable "v" { default = "d" }
locals {
  a = "a"
  b = "b"
}
resource "aws_secretsmanager_secret" "s" {
  name = "s"
}
resource "aws_secretsmanager_secret_version" "s" {
  secret_id     = aws_secretsmanager_secret.s.id
  secret_string = "${local.a}${local.b}${var.v}"
}
resource "aws_secretsmanager_secret" "t" {
  name = "t"
}
resource "aws_secretsmanager_secret_version" "t" {
  secret_id     = aws_secretsmanager_secret.t.id
  secret_string = "t"
}

variable "given_null" {
  default = "not used"
}
variable "strict" {
  default  = "the default"
  nullable = false
}
variable "unset" { default = "unset" }
resource "aws_secretsmanager_secret" "a" {
  name = "a"
}
resource "aws_secretsmanager_secret_version" "a" {
  secret_id     = aws_secretsmanager_secret.a.id
  secret_string = var.given_null == null ? "null" : "not null"
}
resource "aws_secretsmanager_secret" "b" {
  name = "b"
}
resource "aws_secretsmanager_secret_version" "b" {
  secret_id     = aws_secretsmanager_secret.b.id
  secret_string = var.strict
}
resource "aws_secretsmanager_secret" "c" {
  name = "c"
}
resource "aws_secretsmanager_secret_version" "c" {
  secret_id     = aws_secretsmanager_secret.c.id
  secret_string = var.unset
}

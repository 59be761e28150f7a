variable "v" {
  type      = string
  ephemeral = true
}
resource "aws_secretsmanager_secret" "wo" { name = "wo" }
resource "aws_secretsmanager_secret_version" "wo" {
  secret_id                = aws_secretsmanager_secret.wo.id
  secret_string_wo         = "ephemeral ${var.v}"
  secret_string_wo_version = 1
}

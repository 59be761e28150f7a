variable "v" {}
resource "aws_secretsmanager_secret" "native" {
  name = "native"
}
resource "aws_secretsmanager_secret_version" "native" {
  secret_id     = aws_secretsmanager_secret.native.id
  secret_string = "${local.from_json}!"
}

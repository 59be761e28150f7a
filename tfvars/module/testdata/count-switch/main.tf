variable "enabled" { type = bool }
variable "secret" { sensitive = true }
resource "aws_secretsmanager_secret" "on" {
  count = var.enabled ? 1 : 0
  name  = "on"
}
resource "aws_secretsmanager_secret_version" "on" {
  count         = var.enabled ? 1 : 0
  secret_id     = aws_secretsmanager_secret.on[0].arn
  secret_string = var.secret
}
resource "aws_secretsmanager_secret" "off" {
  count = var.enabled ? 0 : 1
  name  = "off"
}
resource "aws_secretsmanager_secret" "one" {
  count = length(aws_secretsmanager_secret.on)
  name  = "one-${length(aws_secretsmanager_secret.off)}"
}
resource "aws_secretsmanager_secret_version" "one" {
  secret_id     = one(aws_secretsmanager_secret.one[*].id)
  secret_string = join(",", [for i in range(3) : "${i}-${var.secret}"])
}

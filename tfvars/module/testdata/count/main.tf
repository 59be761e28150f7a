variable "n" { type = number }
variable "prefix" {}
variable "values" { type = list(string) }
resource "aws_secretsmanager_secret" "many" {
  count = var.n
  name  = "${var.prefix}-${count.index}-of-${var.n}"
}
resource "aws_secretsmanager_secret_version" "many" {
  count         = var.n
  secret_id     = aws_secretsmanager_secret.many[count.index].id
  secret_string = "${var.values[count.index]}${count.index + 1}"
}
resource "aws_secretsmanager_secret" "none" {
  count = 0
  name  = "none"
}

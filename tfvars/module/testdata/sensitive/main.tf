variable "v" { sensitive = true }
variable "m" {
  type      = map(string)
  sensitive = true
}
resource "aws_secretsmanager_secret" "s" {
  name = nonsensitive("n-${var.v}")
}
resource "aws_secretsmanager_secret_version" "s" {
  secret_id     = aws_secretsmanager_secret.s.id
  secret_string = sensitive("x-${var.v}")
}
resource "aws_secretsmanager_secret" "is" {
  name = "is"
}
resource "aws_secretsmanager_secret_version" "is" {
  secret_id     = aws_secretsmanager_secret.is.id
  secret_string = issensitive(var.v) ? "s" : "n"
}

resource "aws_secretsmanager_secret" "each" {
  for_each = nonsensitive(toset(keys(var.m)))
  name     = "each-${each.key}"
}
resource "aws_secretsmanager_secret_version" "each" {
  for_each      = nonsensitive(toset(keys(var.m)))
  secret_id     = aws_secretsmanager_secret.each[each.key].id
  secret_string = var.m[each.key]
}

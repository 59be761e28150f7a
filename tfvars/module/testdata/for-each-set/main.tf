variable "a" {}
variable "b" {}
locals {
  values = { one = var.a, two = var.b, three = "${var.a}${var.b}" }
}
resource "aws_secretsmanager_secret" "s" {
  for_each = toset(["one", "two", "three"])
  name     = upper(each.value)
}
resource "aws_secretsmanager_secret_version" "s" {
  for_each      = toset(keys(local.values))
  secret_id     = aws_secretsmanager_secret.s[each.key].id
  secret_string = local.values[each.key]
}

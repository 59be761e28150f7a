variable "prefix" {}
variable "data" {}
resource "aws_secretsmanager_secret" "s" {
  for_each = var.data
  name     = "${var.prefix}/${each.key}"
}
resource "aws_secretsmanager_secret_version" "s" {
  for_each      = var.data
  secret_id     = aws_secretsmanager_secret.s[each.key].id
  secret_string = each.value
}

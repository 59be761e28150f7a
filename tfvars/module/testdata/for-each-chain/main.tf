variable "x" {}
resource "aws_secretsmanager_secret" "s" {
  for_each = { for i, n in ["a", "b"] : n => i }
  name     = "${each.key}-${each.value}"
}
resource "aws_secretsmanager_secret_version" "s" {
  for_each      = { for k, s in aws_secretsmanager_secret.s : k => s.id }
  secret_id     = each.value
  secret_string = "${each.key}=${var.x}"
}

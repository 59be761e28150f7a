variable "secrets" {
  type      = map(string)
  sensitive = false
}
resource "aws_secretsmanager_secret" "s" {
  for_each = var.secrets
  name     = "${terraform.workspace}/${each.key}"
}
resource "aws_secretsmanager_secret_version" "s" {
  for_each      = var.secrets
  secret_id     = aws_secretsmanager_secret.s[each.key].id
  secret_string = each.value
}

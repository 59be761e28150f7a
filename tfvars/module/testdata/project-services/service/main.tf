variable "name" { type = string }
variable "prefix" { type = string }
variable "secrets" { type = map(string) }
variable "meta" { type = object({ image = string, replicas = number }) }
resource "aws_secretsmanager_secret" "one" {
  for_each = nonsensitive(toset(keys(var.secrets)))
  name     = "${var.prefix}/${var.name}/${each.value}"
}
resource "aws_secretsmanager_secret_version" "one" {
  for_each      = nonsensitive(toset(keys(var.secrets)))
  secret_id     = aws_secretsmanager_secret.one[each.value].id
  secret_string = var.secrets[each.value]
}
resource "aws_secretsmanager_secret" "all" {
  name = "${var.prefix}/${var.name}.json"
}
resource "aws_secretsmanager_secret_version" "all" {
  secret_id     = aws_secretsmanager_secret.all.arn
  secret_string = jsonencode({ meta = var.meta, secrets = var.secrets, service = upper(var.name) })
}
output "names" { value = [for s in aws_secretsmanager_secret.one : s.name] }

variable "name" { type = string }
variable "value" {
  type      = string
  sensitive = true
}
variable "tags" {
  type    = map(string)
  default = {}
}
locals { full = "mod/${var.name}" }
resource "aws_secretsmanager_secret" "this" { name = local.full }
resource "aws_secretsmanager_secret_version" "this" {
  secret_id     = aws_secretsmanager_secret.this.id
  secret_string = var.value
}
output "name" { value = local.full }
output "upper" { value = upper(nonsensitive(var.value)) }

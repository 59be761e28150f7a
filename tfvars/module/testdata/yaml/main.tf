variable "user" {}
variable "password" {
  sensitive = true
}
variable "extra" {
  type    = map(string)
  default = {}
}
locals {
  settings = yamldecode(file("${path.module}/settings.yaml"))
  given    = yamldecode("password: ${jsonencode(var.password)}\nlist:\n- 1\n- true\n")
}
resource "aws_secretsmanager_secret" "db" {
  name = "${local.settings.name}/${terraform.workspace}/db"
}
resource "aws_secretsmanager_secret_version" "db" {
  secret_id     = aws_secretsmanager_secret.db.id
  secret_string = jsonencode(merge(local.settings.db, { password = local.given.password }))
}
resource "aws_secretsmanager_secret" "all" {
  for_each = toset(local.settings.hosts)
  name     = "host-${each.key}"
}
resource "aws_secretsmanager_secret_version" "all" {
  for_each      = aws_secretsmanager_secret.all
  secret_id     = each.value.id
  secret_string = jsonencode([local.settings, local.given])
}

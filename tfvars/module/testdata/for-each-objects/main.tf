variable "users" {
  type = list(object({ name = string, pass = string, admin = optional(bool, false) }))
}
locals {
  by_name = { for u in var.users : u.name => u }
  admins  = { for name, u in local.by_name : name => u if u.admin }
}
resource "aws_secretsmanager_secret" "user" {
  for_each = local.by_name
  name     = format("users/%s%s", each.key, each.value.admin ? "-admin" : "")
}
resource "aws_secretsmanager_secret_version" "user" {
  for_each      = local.by_name
  secret_id     = aws_secretsmanager_secret.user[each.key].id
  secret_string = jsonencode({ login = each.key, password = each.value.pass })
}
resource "aws_secretsmanager_secret" "admin" {
  for_each = local.admins
  name     = "admins/${each.key}"
}
resource "aws_secretsmanager_secret_version" "admin" {
  for_each      = aws_secretsmanager_secret.admin
  secret_id     = each.value.id
  secret_string = local.admins[each.key].pass
}

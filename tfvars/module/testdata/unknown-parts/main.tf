variable "user" {}
variable "password" { sensitive = true }
resource "aws_db_instance" "db" { password = var.password }
resource "random_password" "made" { length = 12 }
data "aws_caller_identity" "me" {}
locals {
  url = "postgres://${var.user}:${urlencode(var.password)}@${aws_db_instance.db.address}:5432/app"
}
resource "aws_secretsmanager_secret" "url" {
  name = "url"
}
resource "aws_secretsmanager_secret_version" "url" {
  secret_id     = aws_secretsmanager_secret.url.id
  secret_string = local.url
}
resource "aws_secretsmanager_secret" "json" {
  name = "json"
}
resource "aws_secretsmanager_secret_version" "json" {
  secret_id     = aws_secretsmanager_secret.json.id
  secret_string = jsonencode({ user = var.user, host = aws_db_instance.db.address, url = local.url, list = [1, random_password.made.result] })
}
resource "aws_secretsmanager_secret" "fmt" {
  name = "fmt"
}
resource "aws_secretsmanager_secret_version" "fmt" {
  secret_id     = aws_secretsmanager_secret.fmt.id
  secret_string = format("%s:%s", var.user, random_password.made.result)
}
resource "aws_secretsmanager_secret" "join" {
  name = "join"
}
resource "aws_secretsmanager_secret_version" "join" {
  secret_id     = aws_secretsmanager_secret.join.id
  secret_string = join("/", ["a", data.aws_caller_identity.me.account_id, var.user])
}
resource "aws_secretsmanager_secret" "merged" {
  name = "merged"
}
resource "aws_secretsmanager_secret_version" "merged" {
  secret_id     = aws_secretsmanager_secret.merged.id
  secret_string = jsonencode(merge({ a = 1, user = "x" }, { user = var.user, id = data.aws_caller_identity.me.account_id }))
}
resource "aws_secretsmanager_secret" "made" {
  name = "made"
}
resource "aws_secretsmanager_secret_version" "made" {
  secret_id     = aws_secretsmanager_secret.made.id
  secret_string = random_password.made.result
}
resource "aws_secretsmanager_secret" "cond" {
  name = "cond"
}
resource "aws_secretsmanager_secret_version" "cond" {
  secret_id     = aws_secretsmanager_secret.cond.id
  secret_string = var.user == "u" ? "${var.user}-${random_password.made.result}" : "no"
}

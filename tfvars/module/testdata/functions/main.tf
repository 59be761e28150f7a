variable "user" { type = string }
variable "password" {
  type      = string
  sensitive = true
}
variable "extra" {
  type    = map(string)
  default = {}
}
locals {
  prefix = join("/", ["app", terraform.workspace])
  url    = format("postgres://%s:%s@db.example:%d/app", var.user, urlencode(var.password), 5432)
}
resource "aws_secretsmanager_secret" "url" {
  name = "${local.prefix}/url"
}
resource "aws_secretsmanager_secret_version" "url" {
  secret_id     = aws_secretsmanager_secret.url.id
  secret_string = local.url
}
resource "aws_secretsmanager_secret" "all" {
  name = upper(replace("${local.prefix}-all", "/", "_"))
}
resource "aws_secretsmanager_secret_version" "all" {
  secret_id     = aws_secretsmanager_secret.all.arn
  secret_string = jsonencode(merge({ user = var.user, password = var.password }, var.extra))
}
resource "aws_secretsmanager_secret" "choice" {
  name = "choice-${terraform.workspace == "production" ? "p" : "s"}"
}
resource "aws_secretsmanager_secret_version" "choice" {
  secret_id     = aws_secretsmanager_secret.choice.name
  secret_string = lookup(var.extra, "missing", try(var.extra.token, coalesce("", "fallback")))
}

variable "app" {}
locals {
  slug = replace(lower(var.app), " ", "-")
}
resource "aws_secretsmanager_secret" "a" {
  name = join("/", [local.slug, terraform.workspace, "a"])
}
resource "aws_secretsmanager_secret_version" "a" {
  secret_id     = aws_secretsmanager_secret.a.id
  secret_string = "v-${local.slug}"
}
resource "aws_secretsmanager_secret" "b" {
  name = format("%s_%03d", local.slug, 7)
}
resource "aws_secretsmanager_secret_version" "b" {
  secret_id     = aws_secretsmanager_secret.b.id
  secret_string = "v-${local.slug}"
}
resource "aws_secretsmanager_secret" "c" {
  name = "${title(local.slug)}.${substr(sha1(local.slug), 0, 8)}"
}
resource "aws_secretsmanager_secret_version" "c" {
  secret_id     = aws_secretsmanager_secret.c.id
  secret_string = "v-${local.slug}"
}
resource "aws_secretsmanager_secret" "d" {
  name = trimsuffix(local.slug, "-app")
}
resource "aws_secretsmanager_secret_version" "d" {
  secret_id     = aws_secretsmanager_secret.d.id
  secret_string = "v-${local.slug}"
}
resource "aws_secretsmanager_secret" "e" {
  name = "e-${regex("^[a-z]+", local.slug)}"
}
resource "aws_secretsmanager_secret_version" "e" {
  secret_id     = aws_secretsmanager_secret.e.id
  secret_string = "v-${local.slug}"
}
resource "aws_secretsmanager_secret" "f" {
  name = element(split("-", local.slug), 1) 
}
resource "aws_secretsmanager_secret_version" "f" {
  secret_id     = aws_secretsmanager_secret.f.id
  secret_string = "v-${local.slug}"
}
resource "aws_secretsmanager_secret" "g" {
  name = coalesce("", null, "g-${local.slug}")
}
resource "aws_secretsmanager_secret_version" "g" {
  secret_id     = aws_secretsmanager_secret.g.id
  secret_string = "v-${local.slug}"
}

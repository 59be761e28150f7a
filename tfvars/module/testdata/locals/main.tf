variable "a" {}
locals {
  b = "${local.c}-b"
  c = { v = var.a }["v"]
}
locals {
  list   = [for i in range(1, 4) : i * i]
  object = { for i, v in local.list : "k${i}" => { sq = v, odd = v % 2 == 1 } }
  group  = { for v in ["aa", "ab", "b"] : substr(v, 0, 1) => v... }
}
resource "aws_secretsmanager_secret" "b" {
  name = "b"
}
resource "aws_secretsmanager_secret_version" "b" {
  secret_id     = aws_secretsmanager_secret.b.id
  secret_string = local.b
}
resource "aws_secretsmanager_secret" "o" {
  name = "o"
}
resource "aws_secretsmanager_secret_version" "o" {
  secret_id     = aws_secretsmanager_secret.o.id
  secret_string = jsonencode(local.object)
}
resource "aws_secretsmanager_secret" "g" {
  name = "g"
}
resource "aws_secretsmanager_secret_version" "g" {
  secret_id     = aws_secretsmanager_secret.g.id
  secret_string = jsonencode(local.group)
}
resource "aws_secretsmanager_secret" "splat" {
  name = "splat"
}
resource "aws_secretsmanager_secret_version" "splat" {
  secret_id     = aws_secretsmanager_secret.splat.id
  secret_string = join("-", local.object.k1[*].sq)
}
resource "aws_secretsmanager_secret" "cond" {
  name = "cond"
}
resource "aws_secretsmanager_secret_version" "cond" {
  secret_id     = aws_secretsmanager_secret.cond.id
  secret_string = jsonencode([for k, o in local.object : k if o.odd])
}

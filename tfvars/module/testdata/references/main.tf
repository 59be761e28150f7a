variable "v" {}
resource "aws_secretsmanager_secret" "by_id" {
  name = "by_id"
}
resource "aws_secretsmanager_secret_version" "by_id" {
  secret_id     = aws_secretsmanager_secret.by_id.id
  secret_string = var.v
}
resource "aws_secretsmanager_secret" "by_arn" {
  name = "by_arn"
}
resource "aws_secretsmanager_secret_version" "by_arn" {
  secret_id     = aws_secretsmanager_secret.by_arn.arn
  secret_string = "${var.v}2"
}

resource "aws_secretsmanager_secret" "keyed" {
  for_each = toset(["a", "b"])
  name     = "keyed/${each.key}"
}
resource "aws_secretsmanager_secret_version" "keyed_a" {
  secret_id     = aws_secretsmanager_secret.keyed["a"].id
  secret_string = "a"
}
resource "aws_secretsmanager_secret_version" "keyed_b" {
  secret_id     = aws_secretsmanager_secret.keyed["b"].id
  secret_string = "b"
}
resource "aws_secretsmanager_secret" "counted" {
  count = 2
  name  = "counted/${count.index}"
}
resource "aws_secretsmanager_secret_version" "counted" {
  for_each      = { first = 0, second = 1 }
  secret_id     = aws_secretsmanager_secret.counted[each.value].id
  secret_string = each.key
}
locals { ids = [for s in aws_secretsmanager_secret.counted : s.id] }
resource "aws_secretsmanager_secret" "splat" {
  count = 2
  name  = "splat/${count.index}"
}
resource "aws_secretsmanager_secret_version" "splat" {
  count         = length(aws_secretsmanager_secret.splat[*].id)
  secret_id     = element(aws_secretsmanager_secret.splat[*].id, count.index)
  secret_string = "splat ${count.index}"
}
resource "aws_secretsmanager_secret_version" "by_name" {
  secret_id     = "elsewhere"
  secret_string = "by name"
}

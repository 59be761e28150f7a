variable "n" { type = number }
variable "i" {}
resource "aws_secretsmanager_secret" "n" {
  name = "n"
}
resource "aws_secretsmanager_secret_version" "n" {
  secret_id     = aws_secretsmanager_secret.n.id
  secret_string = var.n
}
resource "aws_secretsmanager_secret" "mixed" {
  name = "mixed"
}
resource "aws_secretsmanager_secret_version" "mixed" {
  secret_id     = aws_secretsmanager_secret.mixed.id
  secret_string = "${var.n}/${var.i}"
}
resource "aws_secretsmanager_secret" "arith" {
  name = "arith"
}
resource "aws_secretsmanager_secret_version" "arith" {
  secret_id     = aws_secretsmanager_secret.arith.id
  secret_string = tostring((var.i * 3 - 1) % 7 / 2)
}
resource "aws_secretsmanager_secret" "pow" {
  name = "pow"
}
resource "aws_secretsmanager_secret_version" "pow" {
  secret_id     = aws_secretsmanager_secret.pow.id
  secret_string = pow(var.i, 20)
}
resource "aws_secretsmanager_secret" "floor" {
  name = "floor"
}
resource "aws_secretsmanager_secret_version" "floor" {
  secret_id     = aws_secretsmanager_secret.floor.id
  secret_string = floor(-1.5)
}
resource "aws_secretsmanager_secret" "max" {
  name = "max"
}
resource "aws_secretsmanager_secret_version" "max" {
  secret_id     = aws_secretsmanager_secret.max.id
  secret_string = max(var.i, 3, 9.25)
}
resource "aws_secretsmanager_secret" "json" {
  name = "json"
}
resource "aws_secretsmanager_secret_version" "json" {
  secret_id     = aws_secretsmanager_secret.json.id
  secret_string = jsonencode([var.n, var.i, 1e3, 0.1, -0])
}
resource "aws_secretsmanager_secret" "cmp" {
  name = "cmp"
}
resource "aws_secretsmanager_secret_version" "cmp" {
  secret_id     = aws_secretsmanager_secret.cmp.id
  secret_string = var.i >= 7 && !(var.i == 8) ? "a" : "b"
}
resource "aws_secretsmanager_secret" "sum" {
  name = "sum"
}
resource "aws_secretsmanager_secret_version" "sum" {
  secret_id     = aws_secretsmanager_secret.sum.id
  secret_string = sum([1, 2.5, var.i])
}
resource "aws_secretsmanager_secret" "log" {
  name = "log"
}
resource "aws_secretsmanager_secret_version" "log" {
  secret_id     = aws_secretsmanager_secret.log.id
  secret_string = format("%.3f", log(16, 2))
}

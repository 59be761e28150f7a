variable "conf" {
  type = object({
    name   = string
    ports  = list(number)
    extra  = optional(string, "extra")
    nested = list(object({ k = number, v = optional(string, "none") }))
    gone   = optional(list(string))
  })
}
variable "tup" { type = tuple([string, number, bool]) }
variable "s" { type = set(string) }
variable "n" { type = number }
variable "b" { type = bool }
resource "aws_secretsmanager_secret" "conf" {
  name = "conf"
}
resource "aws_secretsmanager_secret_version" "conf" {
  secret_id     = aws_secretsmanager_secret.conf.id
  secret_string = jsonencode(var.conf)
}
resource "aws_secretsmanager_secret" "tup" {
  name = "tup"
}
resource "aws_secretsmanager_secret_version" "tup" {
  secret_id     = aws_secretsmanager_secret.tup.id
  secret_string = jsonencode(var.tup)
}
resource "aws_secretsmanager_secret" "s" {
  name = "s"
}
resource "aws_secretsmanager_secret_version" "s" {
  secret_id     = aws_secretsmanager_secret.s.id
  secret_string = jsonencode(var.s)
}
resource "aws_secretsmanager_secret" "n" {
  name = "n"
}
resource "aws_secretsmanager_secret_version" "n" {
  secret_id     = aws_secretsmanager_secret.n.id
  secret_string = jsonencode({ n = var.n + 1, b = !var.b })
}
resource "aws_secretsmanager_secret" "conv" {
  name = "conv"
}
resource "aws_secretsmanager_secret_version" "conv" {
  secret_id     = aws_secretsmanager_secret.conv.id
  secret_string = jsonencode({ l = tolist(["a", 1]), m = tomap({ a = 1, b = "2" }), s = toset([3, 1]), n = tonumber("1.50"), t = tostring(true) })
}

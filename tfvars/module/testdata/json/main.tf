variable "numbers" { type = list(number) }
variable "object" {
  type = object({
    name    = string
    port    = optional(number, 5432)
    tags    = optional(map(string))
    nested  = optional(object({ on = optional(bool, true) }), {})
  })
}
resource "aws_secretsmanager_secret" "numbers" { name = "numbers" }
resource "aws_secretsmanager_secret_version" "numbers" {
  secret_id     = aws_secretsmanager_secret.numbers.id
  secret_string = jsonencode(var.numbers)
}
resource "aws_secretsmanager_secret" "object" { name = "object" }
resource "aws_secretsmanager_secret_version" "object" {
  secret_id     = aws_secretsmanager_secret.object.id
  secret_string = jsonencode(var.object)
}
resource "aws_secretsmanager_secret" "for" { name = "for" }
resource "aws_secretsmanager_secret_version" "for" {
  secret_id     = aws_secretsmanager_secret.for.id
  secret_string = jsonencode({ for i, n in var.numbers : "n${i}" => n * 2 if n > 0 })
}

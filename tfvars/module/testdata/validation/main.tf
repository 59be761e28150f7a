variable "port" {
  type = number
  validation {
    condition     = var.port > 0 && var.port < 65536
    error_message = "A port."
  }
}
variable "name" {
  type     = string
  nullable = false
  validation {
    condition     = can(regex("^[a-z]+$", var.name))
    error_message = "Lower case, not ${var.name}."
  }
  validation {
    condition     = length(var.name) < 10 || var.port == 443
    error_message = "Too long."
  }
}
resource "aws_secretsmanager_secret" "v" {
  name = "v"
}
resource "aws_secretsmanager_secret_version" "v" {
  secret_id     = aws_secretsmanager_secret.v.id
  secret_string = "${var.name}:${var.port}"
}

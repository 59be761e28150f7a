variable "django_secret_key" {
  type      = string
  sensitive = true
}
variable "rds_password" {
  type      = string
  sensitive = true
}
variable "smtp" {
  type      = object({ user = string, password = string, port = optional(number, 587) })
  sensitive = true
}
variable "sentry_dsn" { type = string }
variable "allowed_hosts" { type = list(string) }
variable "region" { default = "eu-central-1" }

resource "aws_secretsmanager_secret" "django" {
  name                    = "${local.app}_django_secret_key_${terraform.workspace}"
  recovery_window_in_days = local.is_prod ? 30 : 0
}
resource "aws_secretsmanager_secret_version" "django" {
  secret_id     = aws_secretsmanager_secret.django.id
  secret_string = var.django_secret_key
}
resource "aws_secretsmanager_secret" "database" {
  name = "${local.prefix}/database"
}
resource "aws_secretsmanager_secret_version" "database" {
  secret_id = aws_secretsmanager_secret.database.id
  secret_string = jsonencode({
    username = "shop"
    password = var.rds_password
    host     = aws_db_instance.main.address
    port     = 5432
    url      = "postgres://shop:${urlencode(var.rds_password)}@${aws_db_instance.main.address}/shop"
  })
}
resource "aws_secretsmanager_secret" "smtp" {
  name = "${local.prefix}/smtp"
}
resource "aws_secretsmanager_secret_version" "smtp" {
  secret_id     = aws_secretsmanager_secret.smtp.id
  secret_string = jsonencode(merge(var.smtp, { tls = true }))
}
resource "aws_secretsmanager_secret" "settings" {
  for_each = { sentry = var.sentry_dsn, hosts = join(",", var.allowed_hosts) }
  name     = "${local.prefix}/settings/${each.key}"
}
resource "aws_secretsmanager_secret_version" "settings" {
  for_each      = { sentry = var.sentry_dsn, hosts = join(",", var.allowed_hosts) }
  secret_id     = aws_secretsmanager_secret.settings[each.key].id
  secret_string = each.value
}

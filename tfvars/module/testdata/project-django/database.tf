resource "aws_db_instance" "main" {
  identifier = "${local.app}-${local.env}"
  password   = var.rds_password
}

resource "aws_db_subnet_group" "hci_rds" {
  name       = "hci_rds_${terraform.workspace}"
  subnet_ids = [for subnet in aws_subnet.hci_private : subnet.id]
}

resource "aws_db_instance" "hci_rds" {
  identifier        = "hci-rds-${terraform.workspace}"
  engine            = "postgres"
  engine_version    = "17"
  instance_class    = var.hci_rds_instance_class
  allocated_storage = 20
  storage_encrypted = true

  db_name  = "hci"
  username = var.hci_rds_username
  password = var.hci_rds_password

  db_subnet_group_name   = aws_db_subnet_group.hci_rds.name
  vpc_security_group_ids = [aws_security_group.hci_rds.id]

  skip_final_snapshot = terraform.workspace != "production"
}

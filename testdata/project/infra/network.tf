resource "aws_vpc" "hci_vpc" {
  cidr_block           = "10.0.0.0/16"
  enable_dns_hostnames = true
}

resource "aws_subnet" "hci_private" {
  for_each = {
    a = "10.0.1.0/24"
    b = "10.0.2.0/24"
  }

  vpc_id            = aws_vpc.hci_vpc.id
  cidr_block        = each.value
  availability_zone = "${var.region}${each.key}"
}

resource "aws_security_group" "hci_service" {
  name   = "hci_service_${terraform.workspace}"
  vpc_id = aws_vpc.hci_vpc.id

  egress {
    from_port   = 0
    to_port     = 0
    protocol    = "-1"
    cidr_blocks = ["0.0.0.0/0"]
  }
}

resource "aws_security_group" "hci_rds" {
  name   = "hci_rds_${terraform.workspace}"
  vpc_id = aws_vpc.hci_vpc.id

  ingress {
    from_port       = 5432
    to_port         = 5432
    protocol        = "tcp"
    security_groups = [aws_security_group.hci_service.id]
  }
}

output "hci_subnets" {
  value = [for subnet in aws_subnet.hci_private : subnet.id]
}

output "hci_security_group" {
  value = aws_security_group.hci_service.id
}

output "hci_host" {
  value = local.app_host
}

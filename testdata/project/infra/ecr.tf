resource "aws_ecr_repository" "hci_registry" {
  name = "hci_registry_${terraform.workspace}"
}

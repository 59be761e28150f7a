profile = "hci-staging"

hci_service = {
  cpu    = 256
  memory = 512
}

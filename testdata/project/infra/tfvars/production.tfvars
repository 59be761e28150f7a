profile = "hci-production"

hci_rds_instance_class = "db.m7g.large"

hci_service = {
  cpu     = 1024
  memory  = 2048
  desired = 3
}

variable "region" {
  type        = string
  description = "The AWS region of everything."
  default     = "eu-central-1"
}

variable "profile" {
  type        = string
  description = "The profile in ~/.aws/config."
}

variable "domain" {
  type    = string
  default = "hci.example"
}

variable "hci_image_tag" {
  type    = string
  default = "latest"
}

variable "hci_service" {
  type = object({
    cpu     = number
    memory  = number
    desired = optional(number, 1)
  })
  description = "The size of the Fargate service."

  validation {
    condition     = contains([256, 512, 1024, 2048, 4096], var.hci_service.cpu)
    error_message = "The cpu must be a size that Fargate knows."
  }
}

variable "hci_rds_instance_class" {
  type    = string
  default = "db.t4g.micro"
}

variable "hci_rds_username" {
  type    = string
  default = "hci"
}

# Secrets: their values stand in tfvars/ENV_secrets.tfvars.

variable "hci_admin_password" {
  type      = string
  sensitive = true
}

variable "hci_django_secret_key" {
  type      = string
  sensitive = true

  validation {
    condition     = length(var.hci_django_secret_key) >= 32
    error_message = "The Django secret key must have at least 32 characters."
  }
}

variable "hci_jwt_signing_key" {
  type        = string
  description = "A private key in PEM; staging shares a symmetric one."
  sensitive   = true
}

variable "hci_oauth_client" {
  type = object({
    client_id     = string
    client_secret = string
    scopes        = optional(list(string), ["openid", "email"])
  })
  sensitive = true
}

variable "hci_rds_password" {
  type      = string
  sensitive = true
}

variable "hci_sentry_dsn" {
  type      = string
  sensitive = true
}

variable "hci_smtp_password" {
  type      = string
  sensitive = true
}

variable "hci_stripe_api_key" {
  type      = string
  sensitive = true
  nullable  = false
}

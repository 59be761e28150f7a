variable "fern_secret_key" {
  type      = string
  sensitive = true
}

variable "fern_admin_password" {
  type      = string
  sensitive = true
}

variable "fern_db_password" {
  type      = string
  sensitive = true
}

variable "fern_host" {
  type = string
}

variable "fern_db_name" {
  type = string
}

# Replaced by a script at each deployment.
variable "fern_image" {
  type    = string
  default = "<AWS_ACCOUNT_ID>.dkr.ecr.eu-north-1.amazonaws.com/<ECR_NAME>:latest"
}

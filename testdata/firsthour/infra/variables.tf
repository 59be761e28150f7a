variable "heron_secret_key" {
  description = "What sessions are signed with."
  type        = string
  sensitive   = true
}

variable "heron_db_password" {
  description = "The database's password."
  type        = string
  sensitive   = true
}

variable "heron_host" {
  type = string
}

variable "heron_db_name" {
  type = string
}

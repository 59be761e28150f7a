variable "hosts" { type = list(string) }
variable "pw" {}
resource "aws_secretsmanager_secret" "directives" {
  name = "directives"
}
resource "aws_secretsmanager_secret_version" "directives" {
  secret_id     = aws_secretsmanager_secret.directives.id
  secret_string = "%{ for h in var.hosts }${h}:1%{ if h != "b" },%{ endif }%{ endfor }"
}

resource "aws_secretsmanager_secret" "heredoc" { name = "heredoc" }
resource "aws_secretsmanager_secret_version" "heredoc" {
  secret_id     = aws_secretsmanager_secret.heredoc.id
  secret_string = <<EOT
plain
  %{ for i, h in var.hosts ~}
  ${i}=${h}
  %{ endfor ~}
end ${var.pw}
EOT
}
resource "aws_secretsmanager_secret" "flush" { name = "flush" }
resource "aws_secretsmanager_secret_version" "flush" {
  secret_id     = aws_secretsmanager_secret.flush.id
  secret_string = <<-EOT
      six
        eight ${jsonencode({ pw = var.pw })}
    four
  EOT
}

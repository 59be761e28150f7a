variable "text" { type = string }
resource "aws_secretsmanager_secret" "heredoc" { name = "heredoc" }
resource "aws_secretsmanager_secret_version" "heredoc" {
  secret_id     = aws_secretsmanager_secret.heredoc.id
  secret_string = <<-EOT
    [default]
      text = ${var.text}
    %{ if var.text != "" ~}
    set = yes
    %{ endif ~}
    literal = $${not} %%{this}
  EOT
}
resource "aws_secretsmanager_secret" "escapes" { name = "esc-${length(var.text)}" }
resource "aws_secretsmanager_secret_version" "escapes" {
  secret_id     = aws_secretsmanager_secret.escapes.id
  secret_string = "tab\t nl\n quote\" \u00e9 \U0001F600 ${substr(var.text, 0, 3)} ${base64encode(var.text)} ${sha256(var.text)} ${trimspace("  x ")}"
}

variable "name" {}
resource "aws_secretsmanager_secret" "file" {
  name = "file"
}
resource "aws_secretsmanager_secret_version" "file" {
  secret_id     = aws_secretsmanager_secret.file.id
  secret_string = file("${path.module}/files/key.pem")
}
resource "aws_secretsmanager_secret" "tmpl" {
  name = "tmpl"
}
resource "aws_secretsmanager_secret_version" "tmpl" {
  secret_id     = aws_secretsmanager_secret.tmpl.id
  secret_string = templatefile("files/app.conf.tftpl", { name = var.name, ports = [80, 443] })
}
resource "aws_secretsmanager_secret" "b64" {
  name = "b64"
}
resource "aws_secretsmanager_secret_version" "b64" {
  secret_id     = aws_secretsmanager_secret.b64.id
  secret_string = filebase64("files/key.pem")
}
resource "aws_secretsmanager_secret" "sha" {
  name = "sha"
}
resource "aws_secretsmanager_secret_version" "sha" {
  secret_id     = aws_secretsmanager_secret.sha.id
  secret_string = filesha256("files/key.pem")
}
resource "aws_secretsmanager_secret" "exists" {
  name = "exists"
}
resource "aws_secretsmanager_secret_version" "exists" {
  secret_id     = aws_secretsmanager_secret.exists.id
  secret_string = fileexists("files/none") ? "y" : "n"
}
resource "aws_secretsmanager_secret" "set" {
  name = "set"
}
resource "aws_secretsmanager_secret_version" "set" {
  secret_id     = aws_secretsmanager_secret.set.id
  secret_string = join(",", fileset("files", "*.pem"))
}
resource "aws_secretsmanager_secret" "base" {
  name = "base"
}
resource "aws_secretsmanager_secret_version" "base" {
  secret_id     = aws_secretsmanager_secret.base.id
  secret_string = "${basename("a/b.txt")} ${dirname("a/b.txt")} ${path.root} ${path.module}"
}

variable "s" {}
resource "aws_secretsmanager_secret" "format" {
  name = "format"
}
resource "aws_secretsmanager_secret_version" "format" {
  secret_id     = aws_secretsmanager_secret.format.id
  secret_string = format("%s|%q|%5.2f|%-6s|%x|%t|%v|%%", var.s, var.s, 3.14159, "ab", 255, true, [1, "a"])
}
resource "aws_secretsmanager_secret" "formatlist" {
  name = "formatlist"
}
resource "aws_secretsmanager_secret_version" "formatlist" {
  secret_id     = aws_secretsmanager_secret.formatlist.id
  secret_string = jsonencode(formatlist("%s-%s", ["a", "b"], "x"))
}
resource "aws_secretsmanager_secret" "indent" {
  name = "indent"
}
resource "aws_secretsmanager_secret_version" "indent" {
  secret_id     = aws_secretsmanager_secret.indent.id
  secret_string = indent(2, "a\nb\n  c")
}
resource "aws_secretsmanager_secret" "chomp" {
  name = "chomp"
}
resource "aws_secretsmanager_secret_version" "chomp" {
  secret_id     = aws_secretsmanager_secret.chomp.id
  secret_string = chomp("x\n\n")
}
resource "aws_secretsmanager_secret" "strrev" {
  name = "strrev"
}
resource "aws_secretsmanager_secret_version" "strrev" {
  secret_id     = aws_secretsmanager_secret.strrev.id
  secret_string = strrev(var.s)
}
resource "aws_secretsmanager_secret" "title" {
  name = "title"
}
resource "aws_secretsmanager_secret_version" "title" {
  secret_id     = aws_secretsmanager_secret.title.id
  secret_string = title(var.s)
}
resource "aws_secretsmanager_secret" "b64" {
  name = "b64"
}
resource "aws_secretsmanager_secret_version" "b64" {
  secret_id     = aws_secretsmanager_secret.b64.id
  secret_string = base64encode(var.s)
}
resource "aws_secretsmanager_secret" "b64d" {
  name = "b64d"
}
resource "aws_secretsmanager_secret_version" "b64d" {
  secret_id     = aws_secretsmanager_secret.b64d.id
  secret_string = base64decode(base64encode(var.s))
}
resource "aws_secretsmanager_secret" "url" {
  name = "url"
}
resource "aws_secretsmanager_secret_version" "url" {
  secret_id     = aws_secretsmanager_secret.url.id
  secret_string = urlencode(var.s)
}
resource "aws_secretsmanager_secret" "md5" {
  name = "md5"
}
resource "aws_secretsmanager_secret_version" "md5" {
  secret_id     = aws_secretsmanager_secret.md5.id
  secret_string = md5(var.s)
}
resource "aws_secretsmanager_secret" "sha512" {
  name = "sha512"
}
resource "aws_secretsmanager_secret_version" "sha512" {
  secret_id     = aws_secretsmanager_secret.sha512.id
  secret_string = sha512(var.s)
}
resource "aws_secretsmanager_secret" "regexall" {
  name = "regexall"
}
resource "aws_secretsmanager_secret_version" "regexall" {
  secret_id     = aws_secretsmanager_secret.regexall.id
  secret_string = jsonencode(regexall("[a-z]+", var.s))
}
resource "aws_secretsmanager_secret" "replace_re" {
  name = "replace_re"
}
resource "aws_secretsmanager_secret_version" "replace_re" {
  secret_id     = aws_secretsmanager_secret.replace_re.id
  secret_string = replace(var.s, "/l+/", "<$0>")
}
resource "aws_secretsmanager_secret" "yaml" {
  name = "yaml"
}
resource "aws_secretsmanager_secret_version" "yaml" {
  secret_id     = aws_secretsmanager_secret.yaml.id
  secret_string = yamlencode({ a = [1, "2", true, null], b = { c = var.s } })
}
resource "aws_secretsmanager_secret" "csv" {
  name = "csv"
}
resource "aws_secretsmanager_secret_version" "csv" {
  secret_id     = aws_secretsmanager_secret.csv.id
  secret_string = jsonencode(csvdecode("a,b\n1,2\n"))
}
resource "aws_secretsmanager_secret" "jsond" {
  name = "jsond"
}
resource "aws_secretsmanager_secret_version" "jsond" {
  secret_id     = aws_secretsmanager_secret.jsond.id
  secret_string = jsondecode("{\"k\": [1, 2.5, \"x\"]}").k[2]
}
resource "aws_secretsmanager_secret" "startswith" {
  name = "startswith"
}
resource "aws_secretsmanager_secret_version" "startswith" {
  secret_id     = aws_secretsmanager_secret.startswith.id
  secret_string = startswith(var.s, "H") ? "y" : "n"
}
resource "aws_secretsmanager_secret" "substr" {
  name = "substr"
}
resource "aws_secretsmanager_secret_version" "substr" {
  secret_id     = aws_secretsmanager_secret.substr.id
  secret_string = substr(var.s, -5, 3)
}
resource "aws_secretsmanager_secret" "parseint" {
  name = "parseint"
}
resource "aws_secretsmanager_secret_version" "parseint" {
  secret_id     = aws_secretsmanager_secret.parseint.id
  secret_string = tostring(parseint("ff", 16) + 1)
}
resource "aws_secretsmanager_secret" "textenc" {
  name = "textenc"
}
resource "aws_secretsmanager_secret_version" "textenc" {
  secret_id     = aws_secretsmanager_secret.textenc.id
  secret_string = textencodebase64(var.s, "UTF-16LE")
}
resource "aws_secretsmanager_secret" "join_nested" {
  name = "join_nested"
}
resource "aws_secretsmanager_secret_version" "join_nested" {
  secret_id     = aws_secretsmanager_secret.join_nested.id
  secret_string = join("", [for c in split("", "abc") : upper(c)])
}
resource "aws_secretsmanager_secret" "uuidv5" {
  name = "uuidv5"
}
resource "aws_secretsmanager_secret_version" "uuidv5" {
  secret_id     = aws_secretsmanager_secret.uuidv5.id
  secret_string = uuidv5("dns", "example.com")
}

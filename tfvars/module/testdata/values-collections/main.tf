variable "m" { type = map(string) }
variable "l" { type = list(string) }
resource "aws_secretsmanager_secret" "lookup" {
  name = "lookup"
}
resource "aws_secretsmanager_secret_version" "lookup" {
  secret_id     = aws_secretsmanager_secret.lookup.id
  secret_string = lookup(var.m, "a", "none")
}
resource "aws_secretsmanager_secret" "lookup_default" {
  name = "lookup_default"
}
resource "aws_secretsmanager_secret_version" "lookup_default" {
  secret_id     = aws_secretsmanager_secret.lookup_default.id
  secret_string = lookup(var.m, "c", "none")
}
resource "aws_secretsmanager_secret" "try" {
  name = "try"
}
resource "aws_secretsmanager_secret_version" "try" {
  secret_id     = aws_secretsmanager_secret.try.id
  secret_string = try(var.m.c, var.m["b"], "no")
}
resource "aws_secretsmanager_secret" "can" {
  name = "can"
}
resource "aws_secretsmanager_secret_version" "can" {
  secret_id     = aws_secretsmanager_secret.can.id
  secret_string = can(var.m.zzz) ? "yes" : "no"
}
resource "aws_secretsmanager_secret" "coalesce" {
  name = "coalesce"
}
resource "aws_secretsmanager_secret_version" "coalesce" {
  secret_id     = aws_secretsmanager_secret.coalesce.id
  secret_string = coalesce("", var.m.a)
}
resource "aws_secretsmanager_secret" "coalescelist" {
  name = "coalescelist"
}
resource "aws_secretsmanager_secret_version" "coalescelist" {
  secret_id     = aws_secretsmanager_secret.coalescelist.id
  secret_string = jsonencode(coalescelist([], var.l))
}
resource "aws_secretsmanager_secret" "distinct" {
  name = "distinct"
}
resource "aws_secretsmanager_secret_version" "distinct" {
  secret_id     = aws_secretsmanager_secret.distinct.id
  secret_string = join(",", distinct(var.l))
}
resource "aws_secretsmanager_secret" "keys" {
  name = "keys"
}
resource "aws_secretsmanager_secret_version" "keys" {
  secret_id     = aws_secretsmanager_secret.keys.id
  secret_string = join(",", keys(var.m))
}
resource "aws_secretsmanager_secret" "values" {
  name = "values"
}
resource "aws_secretsmanager_secret_version" "values" {
  secret_id     = aws_secretsmanager_secret.values.id
  secret_string = join(",", values(var.m))
}
resource "aws_secretsmanager_secret" "zipmap" {
  name = "zipmap"
}
resource "aws_secretsmanager_secret_version" "zipmap" {
  secret_id     = aws_secretsmanager_secret.zipmap.id
  secret_string = jsonencode(zipmap(["p", "q"], slice(var.l, 0, 2)))
}
resource "aws_secretsmanager_secret" "merge" {
  name = "merge"
}
resource "aws_secretsmanager_secret_version" "merge" {
  secret_id     = aws_secretsmanager_secret.merge.id
  secret_string = jsonencode(merge(var.m, { c = 3 }, { a = "over" }))
}
resource "aws_secretsmanager_secret" "concat" {
  name = "concat"
}
resource "aws_secretsmanager_secret_version" "concat" {
  secret_id     = aws_secretsmanager_secret.concat.id
  secret_string = jsonencode(concat(var.l, ["z"]))
}
resource "aws_secretsmanager_secret" "flatten" {
  name = "flatten"
}
resource "aws_secretsmanager_secret_version" "flatten" {
  secret_id     = aws_secretsmanager_secret.flatten.id
  secret_string = jsonencode(flatten([["a", ["b"]], var.l]))
}
resource "aws_secretsmanager_secret" "contains" {
  name = "contains"
}
resource "aws_secretsmanager_secret_version" "contains" {
  secret_id     = aws_secretsmanager_secret.contains.id
  secret_string = contains(var.l, "x") ? "has" : "not"
}
resource "aws_secretsmanager_secret" "setsub" {
  name = "setsub"
}
resource "aws_secretsmanager_secret_version" "setsub" {
  secret_id     = aws_secretsmanager_secret.setsub.id
  secret_string = jsonencode(sort(setsubtract(var.l, ["y"])))
}
resource "aws_secretsmanager_secret" "chunk" {
  name = "chunk"
}
resource "aws_secretsmanager_secret_version" "chunk" {
  secret_id     = aws_secretsmanager_secret.chunk.id
  secret_string = jsonencode(chunklist(var.l, 2))
}
resource "aws_secretsmanager_secret" "transpose" {
  name = "transpose"
}
resource "aws_secretsmanager_secret_version" "transpose" {
  secret_id     = aws_secretsmanager_secret.transpose.id
  secret_string = jsonencode(transpose({ a = ["1"] }))
}
resource "aws_secretsmanager_secret" "compact" {
  name = "compact"
}
resource "aws_secretsmanager_secret_version" "compact" {
  secret_id     = aws_secretsmanager_secret.compact.id
  secret_string = jsonencode(compact(["", "a", null]))
}

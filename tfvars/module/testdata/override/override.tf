locals { a = "overridden" }
resource "aws_secretsmanager_secret" "s" { name = "s-overridden" }

# What the code itself sets on other resources is known where the AWS provider
# gives it back as it was written; what it computes, fills in or folds is not.
variable "db_password" { sensitive = true }
variable "nothing" { default = null }

resource "aws_db_instance" "main" {
  identifier     = "shop-${terraform.workspace}"
  engine_version = "16"
  engine         = "Postgres"
  db_name        = "shop"
  username       = "shop"
  password       = var.db_password
  port           = "5432"
}
resource "aws_db_instance" "default" {
  db_name  = var.nothing
  username = ""
  port     = 0
}
resource "aws_db_instance" "replica" {
  replicate_source_db = aws_db_instance.main.identifier
  username            = "theirs"
  port                = 5433
}
resource "aws_rds_cluster" "restored" {
  master_username = "theirs"
  restore_to_point_in_time {
    source_cluster_identifier = "other"
  }
}
resource "aws_db_instance" "drifts" {
  password = var.db_password
  lifecycle { ignore_changes = [password] }
}
resource "aws_sqs_queue" "jobs" {
  for_each = toset(["mail", "thumbs"])
  name     = "jobs-${each.key}"
}
resource "aws_s3_bucket" "media" {
  count         = 2
  bucket        = "media-${count.index}"
  bucket_prefix = var.nothing
}
resource "aws_s3_bucket" "made_up" { bucket_prefix = "media-" }
resource "aws_sns_topic" "later" { name = "t-${random_id.x.hex}" }
resource "random_id" "x" {}
resource "aws_route53_zone" "lower" { name = "example.org" }
resource "aws_route53_zone" "dot" { name = "Example.org." }
resource "aws_instance" "other" { user_data = "x" }
data "aws_db_instance" "data" { db_instance_identifier = "x" }


resource "aws_secretsmanager_secret" "whole" { name = "whole" }
resource "aws_secretsmanager_secret_version" "whole" {
  secret_id     = aws_secretsmanager_secret.whole.id
  secret_string = jsonencode({ username = aws_db_instance.main.username, password = aws_db_instance.main.password, dbname = aws_db_instance.main.db_name, port = aws_db_instance.main.port })
}

resource "aws_secretsmanager_secret" "identifier" { name = "identifier" }
resource "aws_secretsmanager_secret_version" "identifier" {
  secret_id     = aws_secretsmanager_secret.identifier.id
  secret_string = aws_db_instance.main.identifier
}

resource "aws_secretsmanager_secret" "folded" { name = "folded" }
resource "aws_secretsmanager_secret_version" "folded" {
  secret_id     = aws_secretsmanager_secret.folded.id
  secret_string = aws_db_instance.main.engine
}

resource "aws_secretsmanager_secret" "version" { name = "version" }
resource "aws_secretsmanager_secret_version" "version" {
  secret_id     = aws_secretsmanager_secret.version.id
  secret_string = aws_db_instance.main.engine_version
}

resource "aws_secretsmanager_secret" "computed" { name = "computed" }
resource "aws_secretsmanager_secret_version" "computed" {
  secret_id     = aws_secretsmanager_secret.computed.id
  secret_string = aws_db_instance.main.address
}

resource "aws_secretsmanager_secret" "null" { name = "null" }
resource "aws_secretsmanager_secret_version" "null" {
  secret_id     = aws_secretsmanager_secret.null.id
  secret_string = aws_db_instance.default.db_name
}

resource "aws_secretsmanager_secret" "empty" { name = "empty" }
resource "aws_secretsmanager_secret_version" "empty" {
  secret_id     = aws_secretsmanager_secret.empty.id
  secret_string = aws_db_instance.default.username
}

resource "aws_secretsmanager_secret" "zero" { name = "zero" }
resource "aws_secretsmanager_secret_version" "zero" {
  secret_id     = aws_secretsmanager_secret.zero.id
  secret_string = aws_db_instance.default.port
}

resource "aws_secretsmanager_secret" "replica" { name = "replica" }
resource "aws_secretsmanager_secret_version" "replica" {
  secret_id     = aws_secretsmanager_secret.replica.id
  secret_string = aws_db_instance.replica.username
}

resource "aws_secretsmanager_secret" "own_port" { name = "own-port" }
resource "aws_secretsmanager_secret_version" "own_port" {
  secret_id     = aws_secretsmanager_secret.own_port.id
  secret_string = aws_db_instance.replica.port
}

resource "aws_secretsmanager_secret" "restored" { name = "restored" }
resource "aws_secretsmanager_secret_version" "restored" {
  secret_id     = aws_secretsmanager_secret.restored.id
  secret_string = aws_rds_cluster.restored.master_username
}

resource "aws_secretsmanager_secret" "ignored" { name = "ignored" }
resource "aws_secretsmanager_secret_version" "ignored" {
  secret_id     = aws_secretsmanager_secret.ignored.id
  secret_string = aws_db_instance.drifts.password
}

resource "aws_secretsmanager_secret" "queue" { name = "queue" }
resource "aws_secretsmanager_secret_version" "queue" {
  secret_id     = aws_secretsmanager_secret.queue.id
  secret_string = aws_sqs_queue.jobs["mail"].name
}

resource "aws_secretsmanager_secret" "buckets" { name = "buckets" }
resource "aws_secretsmanager_secret_version" "buckets" {
  secret_id     = aws_secretsmanager_secret.buckets.id
  secret_string = "${aws_s3_bucket.media[0].bucket} ${aws_s3_bucket.media[1].bucket}"
}

resource "aws_secretsmanager_secret" "bucket_id" { name = "bucket-id" }
resource "aws_secretsmanager_secret_version" "bucket_id" {
  secret_id     = aws_secretsmanager_secret.bucket_id.id
  secret_string = aws_s3_bucket.media[0].id
}

resource "aws_secretsmanager_secret" "made_up" { name = "made-up" }
resource "aws_secretsmanager_secret_version" "made_up" {
  secret_id     = aws_secretsmanager_secret.made_up.id
  secret_string = aws_s3_bucket.made_up.bucket
}

resource "aws_secretsmanager_secret" "later" { name = "later" }
resource "aws_secretsmanager_secret_version" "later" {
  secret_id     = aws_secretsmanager_secret.later.id
  secret_string = aws_sns_topic.later.name
}

resource "aws_secretsmanager_secret" "zone" { name = "zone" }
resource "aws_secretsmanager_secret_version" "zone" {
  secret_id     = aws_secretsmanager_secret.zone.id
  secret_string = aws_route53_zone.lower.name
}

resource "aws_secretsmanager_secret" "zone_dot" { name = "zone-dot" }
resource "aws_secretsmanager_secret_version" "zone_dot" {
  secret_id     = aws_secretsmanager_secret.zone_dot.id
  secret_string = aws_route53_zone.dot.name
}

resource "aws_secretsmanager_secret" "other" { name = "other" }
resource "aws_secretsmanager_secret_version" "other" {
  secret_id     = aws_secretsmanager_secret.other.id
  secret_string = aws_instance.other.user_data
}

resource "aws_secretsmanager_secret" "data_source" { name = "data-source" }
resource "aws_secretsmanager_secret_version" "data_source" {
  secret_id     = aws_secretsmanager_secret.data_source.id
  secret_string = data.aws_db_instance.data.db_name
}

# Instances by a key that is computed, all of them, and in a loop.
locals { first = "mail" }
resource "aws_secretsmanager_secret" "by_key" { name = "by-key" }
resource "aws_secretsmanager_secret_version" "by_key" {
  secret_id     = aws_secretsmanager_secret.by_key.id
  secret_string = aws_sqs_queue.jobs[local.first].name
}
resource "aws_secretsmanager_secret" "all" { name = "all" }
resource "aws_secretsmanager_secret_version" "all" {
  secret_id     = aws_secretsmanager_secret.all.id
  secret_string = join(",", aws_s3_bucket.media[*].bucket)
}
resource "aws_secretsmanager_secret" "loop" { name = "loop" }
resource "aws_secretsmanager_secret_version" "loop" {
  secret_id     = aws_secretsmanager_secret.loop.id
  secret_string = jsonencode({ for k, q in aws_sqs_queue.jobs : k => q.name })
}
resource "aws_secretsmanager_secret" "loop_part" { name = "loop-part" }
resource "aws_secretsmanager_secret_version" "loop_part" {
  secret_id     = aws_secretsmanager_secret.loop_part.id
  secret_string = join(",", [for q in aws_sqs_queue.jobs : "${q.name} ${q.url}"])
}
resource "aws_secretsmanager_secret" "whole_object" { name = "whole-object" }
resource "aws_secretsmanager_secret_version" "whole_object" {
  secret_id     = aws_secretsmanager_secret.whole_object.id
  secret_string = jsonencode(aws_sqs_queue.jobs)
}
resource "aws_secretsmanager_secret" "loop_whole" { name = "loop-whole" }
resource "aws_secretsmanager_secret_version" "loop_whole" {
  secret_id     = aws_secretsmanager_secret.loop_whole.id
  secret_string = jsonencode([for q in aws_sqs_queue.jobs : [q.name, q]])
}

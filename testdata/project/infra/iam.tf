data "aws_iam_policy_document" "hci_tasks" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["ecs-tasks.amazonaws.com"]
    }
  }
}

resource "aws_iam_role" "hci_execution" {
  name               = "hci_execution_${terraform.workspace}"
  assume_role_policy = data.aws_iam_policy_document.hci_tasks.json
}

resource "aws_iam_role_policy_attachment" "hci_execution" {
  role       = aws_iam_role.hci_execution.name
  policy_arn = "arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy"
}

resource "aws_iam_role" "hci_task" {
  name               = "hci_task_${terraform.workspace}"
  assume_role_policy = data.aws_iam_policy_document.hci_tasks.json
}

resource "aws_iam_role_policy" "hci_task" {
  name = "read-secrets"
  role = aws_iam_role.hci_task.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect   = "Allow"
      Action   = ["secretsmanager:GetSecretValue"]
      Resource = "arn:aws:secretsmanager:${var.region}:*:secret:hci_*_${terraform.workspace}-*"
    }]
  })
}

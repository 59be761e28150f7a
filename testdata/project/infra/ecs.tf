locals {
  hci_image = "${aws_ecr_repository.hci_registry.repository_url}:${var.hci_image_tag}"

  hci_environment = [
    { name = "HCI_ENVIRONMENT", value = terraform.workspace },
    { name = "HCI_ALLOWED_HOSTS", value = local.app_host },
    { name = "HCI_RDS_HOST", value = aws_db_instance.hci_rds.address },
    { name = "HCI_RDS_NAME", value = aws_db_instance.hci_rds.db_name },
    { name = "HCI_RDS_USERNAME", value = var.hci_rds_username },
  ]
}

resource "aws_ecs_cluster" "hci_cluster" {
  name = "hci_cluster_${terraform.workspace}"
}

resource "aws_cloudwatch_log_group" "hci" {
  name              = "/ecs/hci_${terraform.workspace}"
  retention_in_days = 30
}

resource "aws_ecs_task_definition" "hci_web" {
  family                   = "hci_web_${terraform.workspace}"
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = var.hci_service.cpu
  memory                   = var.hci_service.memory
  execution_role_arn       = aws_iam_role.hci_execution.arn
  task_role_arn            = aws_iam_role.hci_task.arn

  container_definitions = jsonencode([
    {
      name         = "web"
      image        = local.hci_image
      essential    = true
      environment  = local.hci_environment
      portMappings = [{ containerPort = 8000 }]

      secrets = [
        {
          name      = "HCI_STRIPE_API_KEY"
          valueFrom = aws_secretsmanager_secret.hci_stripe_api_key.arn
        },
      ]

      logConfiguration = {
        logDriver = "awslogs"
        options = {
          awslogs-group         = aws_cloudwatch_log_group.hci.name
          awslogs-region        = var.region
          awslogs-stream-prefix = "web"
        }
      }
    },
  ])
}

resource "aws_ecs_task_definition" "hci_migrate" {
  family                   = "hci_migrate_${terraform.workspace}"
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = 256
  memory                   = 512
  execution_role_arn       = aws_iam_role.hci_execution.arn
  task_role_arn            = aws_iam_role.hci_task.arn

  container_definitions = jsonencode([
    {
      name        = "migrate"
      image       = local.hci_image
      essential   = true
      command     = ["python", "-m", "django", "migrate", "--noinput"]
      environment = local.hci_environment

      logConfiguration = {
        logDriver = "awslogs"
        options = {
          awslogs-group         = aws_cloudwatch_log_group.hci.name
          awslogs-region        = var.region
          awslogs-stream-prefix = "migrate"
        }
      }
    },
  ])
}

resource "aws_ecs_service" "hci_service" {
  name            = "hci_service_${terraform.workspace}"
  cluster         = aws_ecs_cluster.hci_cluster.id
  task_definition = aws_ecs_task_definition.hci_web.arn
  desired_count   = var.hci_service.desired
  launch_type     = "FARGATE"

  network_configuration {
    subnets         = [for subnet in aws_subnet.hci_private : subnet.id]
    security_groups = [aws_security_group.hci_service.id]
  }

  deployment_circuit_breaker {
    enable   = true
    rollback = true
  }
}

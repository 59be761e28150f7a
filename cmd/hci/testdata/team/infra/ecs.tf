resource "aws_ecr_repository" "fern" {
  name = "fern_registry_${terraform.workspace}"
}

resource "aws_db_instance" "fern" {
  identifier        = "fern-${terraform.workspace}"
  engine            = "postgres"
  instance_class    = "db.t3.micro"
  allocated_storage = 20
  db_name           = var.fern_db_name
  username          = "fern"
  password          = var.fern_db_password
}

resource "aws_ecs_cluster" "fern" {
  name = "fern_cluster_${terraform.workspace}"
}

resource "aws_ecs_task_definition" "fern" {
  family                   = "fern_${terraform.workspace}"
  network_mode             = "awsvpc"
  requires_compatibilities = ["FARGATE"]
  cpu                      = 256
  memory                   = 512
  container_definitions = jsonencode([
    {
      name      = "fern_${terraform.workspace}"
      image     = var.fern_image
      essential = true
      environment = [
        { name = "FERN_HOST", value = var.fern_host },
        { name = "DB_NAME", value = var.fern_db_name },
        { name = "DB_USER", value = aws_db_instance.fern.username },
        { name = "DB_HOST", value = aws_db_instance.fern.address },
      ]
    }
  ])
}

resource "aws_ecs_service" "fern" {
  name                 = "fern_service_${terraform.workspace}"
  cluster              = aws_ecs_cluster.fern.id
  task_definition      = aws_ecs_task_definition.fern.arn
  launch_type          = "FARGATE"
  desired_count        = 1
  force_new_deployment = true
}

# No workspace in the family: both environments share it.
resource "aws_ecs_task_definition" "db_migration" {
  family                   = "fern_db_migration_task"
  network_mode             = "awsvpc"
  requires_compatibilities = ["FARGATE"]
  cpu                      = 256
  memory                   = 512
  container_definitions = jsonencode([
    {
      name    = "fern_db_migration_container"
      image   = var.fern_image
      command = ["./run", "migrate"]
      environment = [
        { name = "FERN_HOST", value = var.fern_host },
        { name = "DB_NAME", value = var.fern_db_name },
        { name = "DB_PASSWORD", value = var.fern_db_password },
        { name = "DB_HOST", value = aws_db_instance.fern.address },
      ]
    }
  ])
}

resource "aws_ecs_task_definition" "create_admin" {
  family                   = "fern_create_admin_task"
  network_mode             = "awsvpc"
  requires_compatibilities = ["FARGATE"]
  cpu                      = 256
  memory                   = 512
  container_definitions = jsonencode([
    {
      name    = "fern_create_admin_container"
      image   = var.fern_image
      command = ["./run", "create-admin"]
      environment = [
        { name = "FERN_HOST", value = var.fern_host },
        { name = "ADMIN_PASSWORD", value = var.fern_admin_password },
      ]
    }
  ])
}

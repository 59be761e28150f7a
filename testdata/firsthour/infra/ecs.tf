resource "aws_db_instance" "heron" {
  identifier        = "heron-${terraform.workspace}"
  engine            = "postgres"
  instance_class    = "db.t3.micro"
  allocated_storage = 20
  db_name           = var.heron_db_name
  username          = "heron"
  password          = var.heron_db_password
}

resource "aws_ecs_cluster" "heron" {
  name = "heron_cluster_${terraform.workspace}"
}

resource "aws_ecs_task_definition" "heron" {
  family                   = "heron_${terraform.workspace}"
  network_mode             = "awsvpc"
  requires_compatibilities = ["FARGATE"]
  cpu                      = 256
  memory                   = 512
  container_definitions = jsonencode([
    {
      name      = "heron_${terraform.workspace}"
      image     = "heron"
      essential = true
      environment = [
        { name = "HERON_HOST", value = var.heron_host },
        { name = "DB_NAME", value = var.heron_db_name },
        { name = "DB_HOST", value = aws_db_instance.heron.address },
      ]
    }
  ])
}

resource "aws_ecs_service" "heron" {
  name            = "heron_service_${terraform.workspace}"
  cluster         = aws_ecs_cluster.heron.id
  task_definition = aws_ecs_task_definition.heron.arn
  launch_type     = "FARGATE"
  desired_count   = 1
}

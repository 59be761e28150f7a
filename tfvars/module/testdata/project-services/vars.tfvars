services = {
  web    = { image = "web", secrets = { session_key = "sk", "oauth/client" = "oc" } }
  worker = { image = "worker", secrets = { queue_url = "amqp://u:p@q" }, replicas = 2 }
}
shared_token = "tok"

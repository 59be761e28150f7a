secrets = { api = "k1", "db/main" = "k2" }

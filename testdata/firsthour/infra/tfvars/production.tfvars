heron_host    = "production"
heron_db_name = "heron_production"

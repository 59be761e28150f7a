fern_host    = "production"
fern_db_name = "fern_production"

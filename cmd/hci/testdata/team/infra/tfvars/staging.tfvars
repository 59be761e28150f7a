fern_host    = "staging"
fern_db_name = "fern_staging"

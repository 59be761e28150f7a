heron_host    = "staging"
heron_db_name = "heron_staging"

db_password = "pw"

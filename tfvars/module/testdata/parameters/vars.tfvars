password = "pw"
host     = "db.example"
keys     = { a = "1", b = "2" }

django_secret_key = "dj-$%%{x}-key"
rds_password      = "p'w\"d"
smtp              = { user = "mail", password = "m@il" }
sentry_dsn        = "https://k@sentry.example/1"
allowed_hosts     = ["a.example", "b.example"]

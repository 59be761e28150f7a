django_secret_key = "j2$k)h#8=x%w^&*(q!@_+-z"
db_password       = "p@ss\\word\"1"
api_url           = "https://user:pw@example.com/?a=b&c=d#e"

stripe = {
  public = "pk_live_1"
  secret = "sk_live_2"
}
hosts = ["a.example.com", "b.example.com"]
port = 5432
debug = false

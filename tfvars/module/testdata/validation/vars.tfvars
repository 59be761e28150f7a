port = 443
name = "abc"

password = "fake"

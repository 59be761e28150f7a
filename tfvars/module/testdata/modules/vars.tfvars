db = "pw1"
api = "pw2"

enabled = true
secret = "s3cr3t"

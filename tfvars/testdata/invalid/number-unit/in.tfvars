a = 5GB

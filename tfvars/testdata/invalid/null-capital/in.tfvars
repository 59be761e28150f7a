a = None

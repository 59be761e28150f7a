app = "My App"

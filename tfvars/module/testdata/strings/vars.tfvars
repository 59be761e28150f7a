text = "héllo ${"$"}{x} \"q\""

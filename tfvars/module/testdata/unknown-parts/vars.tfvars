user = "u"
password = "p@ss"

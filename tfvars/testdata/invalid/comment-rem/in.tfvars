; comment
a = 1

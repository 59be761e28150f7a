a = "plain"
b = ""
c = " edges "
d = "tab\there"

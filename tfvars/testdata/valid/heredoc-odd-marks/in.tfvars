a = <<a-b
x
a-b
b = <<_
y
_
c = <<é
z
é

a = <<A
${<<B
x
B
}
A

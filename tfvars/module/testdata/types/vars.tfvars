number = "0123.50"
bool = "true"
nothing = null
any = [1, "a", { b = null }]

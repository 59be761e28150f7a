a = [for x in [1, 2] : [for y in [1, 2] : x * y]]
b = {for x in ["a", "b"] : x => {for y in [1, 2] : "k${y}" => "${x}${y}"}}

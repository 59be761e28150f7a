a = {for x in ["k", "k"] : x => 1}

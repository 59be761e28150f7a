export a=1

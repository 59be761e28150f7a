a = "\ud83d\ude00"
b = "\ud800"

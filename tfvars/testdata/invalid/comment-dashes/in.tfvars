-- comment
a = 1

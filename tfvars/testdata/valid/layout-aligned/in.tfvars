a        = 1   # one
long_one = "x" // two
b	=	2	/* three */
   c=3

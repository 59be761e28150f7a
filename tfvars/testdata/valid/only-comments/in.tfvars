# one
// two
/* three
 four */

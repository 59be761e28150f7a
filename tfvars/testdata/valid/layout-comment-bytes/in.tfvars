a = 1 # ÿþ not UTF-8
// Ã
b = 2 /* ÿ */

s = "Héllo, wörld! $ %"

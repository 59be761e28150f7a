a = provider::x::y("z")

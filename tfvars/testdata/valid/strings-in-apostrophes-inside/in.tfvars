a = "it's 'quoted' `tick`"

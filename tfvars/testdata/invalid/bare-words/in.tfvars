a = correct horse battery

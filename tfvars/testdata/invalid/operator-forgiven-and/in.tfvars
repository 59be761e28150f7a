a = false && foo()

a = hunter2

"""`wanmove tracks`: verbs that show, convert, make, animate or judge tracks."""

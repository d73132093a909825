"""One adapter a network family, all of one shape."""

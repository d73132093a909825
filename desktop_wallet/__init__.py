"""A desktop wallet whose every balance says how old it is and where it came from."""

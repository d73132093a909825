"""The practice network: a chain of play money inside the program."""

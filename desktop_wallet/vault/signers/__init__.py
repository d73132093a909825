"""What can be made of a secret, one module a family: for now addresses, later signatures."""

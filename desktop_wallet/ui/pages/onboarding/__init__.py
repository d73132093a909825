"""The way in: profile, wallet, networks, backup. `state` knows the order without Qt; the rest shows it."""

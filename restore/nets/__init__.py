"""The networks: what they are made of, what they need, and their weights, checked before they are used."""

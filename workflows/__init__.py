"""Recipes that come with the program: one complete TOML file per kind of material. Data, not code."""

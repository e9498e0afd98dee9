"""One file a group of commands of `lacuna`; `cli.py` puts them together and has those that stand alone."""

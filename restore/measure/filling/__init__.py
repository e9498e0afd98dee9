"""Known damage and fillers in, how well each fills it out: `bench` runs it, `measures` are functions of arrays."""

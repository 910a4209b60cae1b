"""The command line: wrt derive "sum((y - Phi @ theta)**2)" --wrt theta."""

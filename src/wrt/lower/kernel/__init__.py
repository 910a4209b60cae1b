"""Compiled programs: graphs as loops over scalar operations, compiled by LLVM and called through an entry of their own."""

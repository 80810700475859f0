"""The cache on disk: compiled programs, for the next process that wants the same.

`place` says where it is and whether that place can be trusted, `store` reads and writes entries.
What makes a key, and what an entry holds, is the business of `tapec.call` and of the backends.
"""

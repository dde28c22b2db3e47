"""Files: how they are opened, read strictly, hashed and locked.

paths             paths that users name, and the cache folder
strict_json       JSON Lines that people write: every problem with its line and column
compression       files packed by gzip, and kinds of file that hold no text
atomic_files      files and folders that appear whole or not at all
hashes            canonical JSON and SHA-256
locks             the lock of a run folder
installation      what pip installs to get this program
"""

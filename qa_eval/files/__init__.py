"""Files: opening, strict reading, hashing and locking.

paths             paths that users name, and the cache folder
compression       files compressed with gzip, and kinds of file that hold no text
strict_json       one JSON value, with everything that is wrong in it
json_streams      JSON Lines, and JSON documents that are read piece by piece
answer_rows       rows of answers, read in one step where nothing is wrong in them
authored_lines    files of JSON Lines that people write by hand
json_columns      the column at which the value of a field begins
findings          a collector of findings about some input
atomic_files      files and folders that appear whole or not at all
hashes            canonical JSON and SHA-256
locks             the lock of a run folder
installation      what pip installs to get this program
"""

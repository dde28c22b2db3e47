"""Files: how they are opened, read strictly, hashed and locked.

paths             paths that users name, and the cache folder
compression       files packed by gzip, and kinds of file that hold no text
strict_json       one JSON value, with everything that is wrong in it
json_streams      a value on each line, or a document piece by piece
authored_lines    files of JSON Lines that people write by hand
json_columns      where in its line the value of a field begins
findings          what is wrong with some input, gathered and counted
atomic_files      files and folders that appear whole or not at all
hashes            canonical JSON and SHA-256
locks             the lock of a run folder
installation      what pip installs to get this program
json_columns      the column at which the value of a field begins
"""

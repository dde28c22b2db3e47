"""New collections: `collection` writes the files of `template/` or takes articles of one's own."""

"""The power study as a page, a JSON document and a table on the terminal."""

"""The traffic study's report: page, JSON, CSV, and the lines on the terminal (`./run traffic`)."""

"""The accuracy study's report: document, page and terminal."""

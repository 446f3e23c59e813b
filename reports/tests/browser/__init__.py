"""Tests of the report's pages in a headless browser, as readers use them."""

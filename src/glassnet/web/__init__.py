"""The files of the page in a browser, which its server hands out and the export to HTML takes along."""

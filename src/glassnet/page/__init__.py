"""The page: the web server through which a browser sees a network."""

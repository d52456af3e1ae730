"""Pretrained models: small networks that come with the package, each with a card that says how good it is."""

"""The whole product with every real component around it."""

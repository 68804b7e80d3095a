"""A small trained model that comes with the package, and photos to try it on."""

"""How the demo model inside the package was made."""

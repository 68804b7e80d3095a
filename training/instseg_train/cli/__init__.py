"""Commands that the training package adds to `instseg`, by the entry points `instseg.commands`."""

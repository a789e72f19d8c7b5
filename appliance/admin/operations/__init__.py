"""Changes that take time: asked for at once, done one after the other, looked at later."""

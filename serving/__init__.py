"""The engine room of aibox: images in, findings out."""

"""What the routes answer: the box's own records as others may see them."""

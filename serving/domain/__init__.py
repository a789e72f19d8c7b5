"""Facts and contracts of the box, in plain Python and numpy; imports no other package of aibox."""

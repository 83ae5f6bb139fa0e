"""What a file is, from its bytes: readers over ``read_at(offset, size)``.

Pure: bytes come in through the caller's function; ``ImageError`` goes out and no other exception.
``identify`` is the door, every other file knows one format.
"""

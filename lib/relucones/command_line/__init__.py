"""What ``relucones COMMAND`` does: its options, its commands, what they print, and a word while they compute.

Shown on the README's first page; everything here calls the public functions of the library.
"""

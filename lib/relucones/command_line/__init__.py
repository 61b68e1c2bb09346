"""What ``relucones COMMAND`` does: options, commands, what they print, a word meanwhile.

Shown on the README's first page; everything here calls the public functions of the library.
"""

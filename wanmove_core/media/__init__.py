"""Pictures and videos, in and out, and the one way to write a file whole or not at all."""

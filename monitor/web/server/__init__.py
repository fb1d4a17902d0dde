"""The socket, the headers and the server's life."""

"""The playground: a page in the browser that trains with the library itself."""

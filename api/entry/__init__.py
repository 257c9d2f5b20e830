"""One module per process of a city, importing only what its process needs: `python -m api.entry.workers FOLDER`."""

"""How a model can be asked, and how a refused request is adapted."""

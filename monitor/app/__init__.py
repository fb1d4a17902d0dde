"""The wiring: settings become clients, engines, locks and servers here, and nowhere else."""

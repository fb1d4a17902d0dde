"""One transaction each: record a sweep, import sweeps, void one, rename a provider."""

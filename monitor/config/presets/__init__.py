"""What is known of providers by name: addresses, limits, traits."""

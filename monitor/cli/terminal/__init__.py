"""What commands share: output, progress bars, options, dates."""

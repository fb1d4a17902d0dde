"""Single values: URLs, durations, moments, cron schedules, authentication."""

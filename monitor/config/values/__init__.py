"""Single values: URLs, durations, cron schedules, authentication."""

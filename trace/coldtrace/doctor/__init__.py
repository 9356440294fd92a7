"""What keeps an installation from working well, and what to do about it: `coldtrace doctor` and the page of health."""

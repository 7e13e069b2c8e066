"""Public prompts under permissive terms, read from named repositories at named commits.

Their texts stay out of this repository; this package makes them again.
"""

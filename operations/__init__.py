"""What an operator needs of a running dashboard: logs, health, figures, checks at the start, headers.

Its one rule: nothing here knows a page. Whatever runs, pages or jobs, is looked at from outside.
"""

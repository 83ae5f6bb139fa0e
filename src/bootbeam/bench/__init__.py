"""How fast bootbeam is, beside what a user would pick instead: load generators, contenders, a table of ratios."""

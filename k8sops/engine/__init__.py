"""Plans and runs: the nouns, the survey, the script of a play, locks, journals."""

"""Read what runs and evaluations left: the report page, comparisons, leaderboards, cards."""

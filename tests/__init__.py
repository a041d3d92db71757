"""The tests: `tests/<room>/test_<noun>.py`. A package, so that no installed one named `tests` stands in front of it."""

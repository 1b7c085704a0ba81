"""The chapter's experiments: learners, wirings that learn, clocks in clocks, markets."""

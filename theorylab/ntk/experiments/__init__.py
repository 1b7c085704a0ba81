"""The chapter's experiments: the limits, the official tasks, and networks of finite width."""

"""The chapter's figures; importing the modules registers them."""

"""A made-up civil case: its papers, and the main job done with them. Nothing else imports this room."""

"""What is read across domains: printed forms, and the events. Nothing below imports this room."""

"""What happened: the closed vocabulary, the recorder, and the table that is only ever added to."""

"""Images of labelled classes, from files to batches: which there are, whose class, their pixels, the model's input."""

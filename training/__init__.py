"""Training of the small model in models/toy; see README.md here."""

"""The editor's document: one versioned JSON text that holds a drawing of motion."""

"""The logic of the serving commands: returns values, prints nothing."""

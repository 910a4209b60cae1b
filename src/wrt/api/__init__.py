"""What users call: the verbs, and the objects that they give."""

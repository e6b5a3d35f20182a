"""The main job on real input: from the form to a verified certificate."""

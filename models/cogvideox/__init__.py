"""CogVideoX-I2V, the backbone of ShareVerse, with the parameter names of the published diffusers files."""

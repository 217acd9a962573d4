"""ShareVerse: CogVideoX-I2V with raymap encoders and cross-agent attention."""

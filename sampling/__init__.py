"""What runs between MODEL and LATENT, and from LATENT to pictures: joint sampling, agents' noise, decoding."""

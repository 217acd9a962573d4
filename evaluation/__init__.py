"""Evaluation of trained networks on test towns: pictures, numbers and controls in one table."""

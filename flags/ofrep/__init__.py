"""The OpenFeature Remote Evaluation Protocol 0.3.0 (design/flags.md section 1), answered from memory, in front of Django."""

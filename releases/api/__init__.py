"""The gate over REST: what pipelines call."""

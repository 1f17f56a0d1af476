"""SFT and GRPO through TRL."""

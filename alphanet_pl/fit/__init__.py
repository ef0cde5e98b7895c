"""One fit: its folder, its Trainer, how it stops and resumes."""

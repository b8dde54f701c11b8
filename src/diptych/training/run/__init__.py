"""What a run leaves behind: its directory, checkpoints, log, contact sheets and report."""

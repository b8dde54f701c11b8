"""Parts of a run's settings, one file for each way of training, and the settings' files. No torch here."""

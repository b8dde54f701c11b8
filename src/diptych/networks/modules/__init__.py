"""The torch modules that the configs build. Importing anything in here loads torch."""

"""The modules that the configs build. Everything in here imports torch; nothing outside `build` and `cost` imports it."""
